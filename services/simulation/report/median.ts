import type { Converged } from "../figures/convergence.ts"
import type { Figures } from "../figures/figures.ts"

/** Returns the middle of some numbers, or the mean of the two in the middle; what is `null` counts as above all. */
export const median = (values: ReadonlyArray<number | null>): number | null => {
  const sorted = values.map((value) => value ?? Infinity).toSorted((one, other) => one - other)
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Infinity
  const upper = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Infinity
  return upper === Infinity ? null : (lower + upper) / 2
}

/** Returns the figures of some runs of one scenario, each the median of its own. Source: F9. */
export const medianFigures = (runs: ReadonlyArray<Figures>): Figures => {
  const of = (pick: (figures: Figures) => number): number => median(runs.map(pick)) ?? 0
  const swings = runs.map(({ swingPercent }) => swingPercent)
  return {
    requests: of(({ requests }) => requests),
    completed: of(({ completed }) => completed),
    refused: of(({ refused }) => refused),
    failed: of(({ failed }) => failed),
    clientRejections: of(({ clientRejections }) => clientRejections),
    attempts: of(({ attempts }) => attempts),
    rejections: of(({ rejections }) => rejections),
    rejectedPer1000: of(({ rejectedPer1000 }) => rejectedPer1000),
    usePercent: of(({ usePercent }) => usePercent),
    converged: medianConverged(runs),
    swingPercent: median(swings),
    p95WaitMs: of(({ p95WaitMs }) => p95WaitMs),
  }
}

const medianConverged = (runs: ReadonlyArray<Figures>): ReadonlyArray<Converged> =>
  (runs[0]?.converged ?? []).map(({ from, to }, at) => ({
    from,
    to,
    afterS: median(runs.map(({ converged }) => converged[at]?.afterS ?? null)),
  }))
