/** Returns round numbers from 0 to at least a highest value, about as many as wanted. */
export const ticksUpTo = (highest: number, wanted: number): ReadonlyArray<number> => {
  const step = roundStep(highest / wanted)
  const count = Math.max(1, Math.ceil(highest / step - 1e-9))
  return Array.from({ length: count + 1 }, (_, at) => at * step)
}

/** Returns the times at which an axis is marked, with how they are written. Units: milliseconds. */
export const timeTicks = (endMs: number): ReadonlyArray<{ readonly atMs: number; readonly text: string }> => {
  const isLong = endMs > 180_000
  const unitMs = isLong ? 60_000 : 1_000
  const step = roundStep(endMs / unitMs / 9)
  const ticks: Array<{ atMs: number; text: string }> = []
  for (let at = 0; at * unitMs <= endMs; at += step)
    ticks.push({ atMs: at * unitMs, text: `${at} ${isLong ? "min" : "s"}` })
  return ticks
}

/** Returns the nearest of 1, 2, 5, 10, 20, … that is no less. */
const roundStep = (least: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  return ([1, 2, 5].find((digit) => digit * power >= least - 1e-9) ?? 10) * power
}
