import type { LevelEvidence } from "./level-evidence.ts"

/** How many a provider takes at once from a time on; `null` = any number that was seen. */
export interface LimitStep {
  readonly fromMs: number
  readonly limit: number | null
}

/** What it costs an explanation that a level was accepted above the limit, or rejected at or below it, or that the limit changed: about the logarithms of how seldom that is. */
const costs = { accepted: 3, rejected: 5, change: 12 }

const longestRunMs = 10_000

/** Evidence of one kind that came in a row. */
interface Run {
  readonly fromMs: number
  readonly isRejected: boolean
  readonly levels: Array<number>
}

/**
 * Finds the steps of a hidden limit that explain the most evidence with the fewest changes; above the highest level that was seen it accepts.
 *
 * Source: Viterbi, Error Bounds for Convolutional Codes, 1967: the cheapest sequence of states, where any change costs the same.
 */
export const hiddenConcurrency = (evidence: ReadonlyArray<LevelEvidence>): ReadonlyArray<LimitStep> => {
  const highest = evidence.reduce(
    (most, { level, isRejected }) => (isRejected ? Math.max(most, level) : most),
    0,
  )
  if (highest === 0) return [{ fromMs: -Infinity, limit: null }]
  const runs = runsOf(evidence)
  const path = cheapestPath(runs, highest)
  const steps: Array<LimitStep> = []
  for (const [at, { fromMs }] of runs.entries()) {
    const state = path[at] ?? highest
    const limit = state === highest ? null : state
    if (steps.length === 0 || steps.at(-1)?.limit !== limit)
      steps.push({ fromMs: steps.length === 0 ? -Infinity : fromMs, limit })
  }
  return steps
}

/** Returns the limit at a time. */
export const limitAt = (steps: ReadonlyArray<LimitStep>, atMs: number): number | null =>
  steps.findLast(({ fromMs }) => fromMs <= atMs)?.limit ?? null

const runsOf = (evidence: ReadonlyArray<LevelEvidence>): ReadonlyArray<Run> => {
  const runs: Array<Run> = []
  for (const { atMs, level, isRejected } of evidence) {
    const last = runs.at(-1)
    if (last?.isRejected === isRejected && atMs - last.fromMs < longestRunMs) last.levels.push(level)
    else runs.push({ fromMs: atMs, isRejected, levels: [level] })
  }
  return runs
}

/** Returns for each run the limit of the cheapest explanation; of equals the higher one, as nothing speaks against it. */
const cheapestPath = (runs: ReadonlyArray<Run>, highest: number): ReadonlyArray<number> => {
  let cost: ReadonlyArray<number> = Array.from({ length: highest + 1 }, () => 0)
  const changes: Array<{ readonly from: number; readonly isCheaper: Uint8Array }> = []
  for (const run of runs) {
    const from = lowestAt(cost)
    const changed = (cost[from] ?? 0) + costs.change
    const isCheaper = Uint8Array.from(cost, (stays) => (changed < stays ? 1 : 0))
    const added = costsOf(run, highest)
    cost = cost.map((stays, limit) => Math.min(stays, changed) + (added[limit] ?? 0))
    changes.push({ from, isCheaper })
  }
  const path: Array<number> = []
  let state = lowestAt(cost)
  for (const { from, isCheaper } of changes.toReversed()) {
    path.push(state)
    if (isCheaper[state] === 1) state = from
  }
  return path.toReversed()
}

const lowestAt = (cost: ReadonlyArray<number>): number =>
  cost.reduce((best, one, at) => (one <= (cost[best] ?? Infinity) ? at : best), 0)

/** What each limit has to pay for a run. */
const costsOf = ({ levels, isRejected }: Run, highest: number): ReadonlyArray<number> => {
  const counts = Array.from({ length: highest + 2 }, () => 0)
  for (const level of levels) {
    const at = Math.min(level, highest + 1)
    counts[at] = (counts[at] ?? 0) + 1
  }
  const upTo: Array<number> = []
  let sum = 0
  for (let limit = 0; limit <= highest; limit += 1) {
    sum += counts[limit] ?? 0
    upTo.push(sum)
  }
  // The highest state stands for no limit: what was accepted above it contradicts it as little.
  return upTo.map((count, limit) => {
    if (isRejected) return costs.rejected * count
    return limit === highest ? 0 : costs.accepted * (levels.length - count)
  })
}
