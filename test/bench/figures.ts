/** Returns the middle of some figures, or the mean of the two in the middle. */
export const median = (figures: ReadonlyArray<number>): number => {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const above = sorted[Math.floor(middle)]
  const below = sorted[Math.ceil(middle) - 1]
  if (above === undefined || below === undefined) throw new Error("no figures have no median")
  return (above + below) / 2
}

/** Returns the figure that the given part (0…1) of all are no higher than. */
export const percentile = (figures: ReadonlyArray<number>, part: number): number => {
  const sorted = figures.toSorted((a, b) => a - b)
  const figure = sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)]
  if (figure === undefined) throw new Error("no figures have no percentile")
  return figure
}

/** Does the same where there may be no figures at all. */
export const percentileOrNaN = (figures: ReadonlyArray<number>, part: number): number =>
  figures.length === 0 ? Number.NaN : percentile(figures, part)

/** Returns the mean of some figures. */
export const mean = (figures: ReadonlyArray<number>): number =>
  figures.reduce((sum, figure) => sum + figure, 0) / figures.length

/** A bound that the project holds itself to. */
export interface Bar {
  readonly bar: string
  readonly measured: number
  readonly atMost?: number
  readonly atLeast?: number
  readonly unit: string
}

/** True if a bar is met. */
export const isMet = ({ measured, atMost = Infinity, atLeast = -Infinity }: Bar): boolean =>
  measured <= atMost && measured >= atLeast
