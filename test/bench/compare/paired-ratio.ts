import { median } from "../figures.ts"

/** What a figure was before and after, in the unit of the figure. */
export interface Pair {
  readonly before: number
  readonly after: number
}

/** Where the true median lies. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** What came of the pairs of one figure. */
export interface PairedRatio {
  /** The medians of the figure itself. */
  readonly before: number
  readonly after: number
  /** The median of after / before, taken pair by pair. */
  readonly ratio: number
  /** Of that median at 95 %; `undefined` with too few pairs for one. */
  readonly interval: Interval | undefined
}

const errorMost = 0.05
/** Below this number of pairs no interval holds the true median with 95 %. */
export const pairsAtLeast = 6

/** Compares the two sides of some pairs. Fails: throws where there are none. */
export const pairedRatio = (pairs: ReadonlyArray<Pair>): PairedRatio => {
  const ratios = pairs.map(({ before, after }) => after / before)
  return {
    before: median(pairs.map(({ before }) => before)),
    after: median(pairs.map(({ after }) => after)),
    ratio: median(ratios),
    interval: intervalOfMedian(ratios),
  }
}

/**
 * Returns the interval that holds the true median of independent figures with 95 % at least, whatever they are spread like; `undefined` below 6 figures.
 *
 * Each figure lies above the true median as a coin falls, so the chance that fewer than k of n do is that of fewer than k heads: the interval goes from
 * the kth smallest to the kth greatest, with the greatest k for which both ends together miss in 5 % of all cases at most (k = 4 of 15).
 */
export const intervalOfMedian = (figures: ReadonlyArray<number>): Interval | undefined => {
  const sorted = figures.toSorted((a, b) => a - b)
  const count = sorted.length
  let rank = 0
  let chance = 0.5 ** count
  for (let fewer = chance; fewer * 2 <= errorMost; fewer += chance) {
    rank += 1
    chance *= (count - rank + 1) / rank
  }
  const low = sorted[rank - 1]
  const high = sorted[count - rank]
  return low === undefined || high === undefined ? undefined : { low, high }
}

/** How a ratio stands to what it may be at most. */
export type Standing = "within" | "above" | "open"

/** Whether the whole interval lies within a bound or above it; where it holds the bound, or there is none, that is open. */
export const standing = ({ interval }: PairedRatio, most: number): Standing => {
  if (interval === undefined) return "open"
  if (interval.low > most) return "above"
  return interval.high <= most ? "within" : "open"
}
