import type { Bounds, LimitAlgorithm, LimitEvidence } from "../adaptive/algorithm.ts"
import { start } from "./specification.ts"

/** The bounds that a specification of an algorithm has if it says no others. */
export const usualBounds: Bounds = { initial: 10, min: 1, max: 200 }

/** What is told of an attempt. Units: `sentMs` and `atMs` in milliseconds since the start. */
export interface Told {
  readonly sentMs?: number
  readonly atMs: number
  readonly level: number
  readonly isUnknown?: boolean
}

let leases = 0

const of = ({ sentMs, atMs, level }: Told) => {
  leases += 1
  const at = start + atMs
  return { lease: `r${leases}.1`, level, sentAt: sentMs === undefined ? at : start + sentMs, at }
}

/** An attempt that has ended well. */
export const succeeded = (told: Told): LimitEvidence => {
  const base = of(told)
  return { ...base, kind: "ended", holdMs: base.at - base.sentAt, isOk: true, inFlight: told.level - 1 }
}

/** An attempt that was rejected as one too many. */
export const refused = (told: Told): LimitEvidence => ({
  ...of(told),
  kind: "rejected",
  jitter: 0,
  retryAfterMs: null,
  isUnknown: told.isUnknown ?? false,
  inFlight: told.level - 1,
})

/** So many attempts, one each `everyMs`, that ended well. Units: `fromMs` since the start. */
export const manySucceeded = (
  count: number,
  told: {
    readonly fromMs: number
    readonly everyMs: number
    readonly level: number
    readonly holdMs?: number
  },
): ReadonlyArray<LimitEvidence> =>
  Array.from({ length: count }, (_, nth) => {
    const atMs = told.fromMs + nth * told.everyMs
    return succeeded({ atMs, level: told.level, sentMs: atMs - (told.holdMs ?? 0) })
  })

/** Folds evidence, and gives every limit that was enforced, the first one first. */
export const limitsOf = <State>(
  algorithm: LimitAlgorithm<State>,
  evidence: ReadonlyArray<LimitEvidence>,
  bounds: Bounds = usualBounds,
): ReadonlyArray<number> => {
  let state = algorithm.begin(bounds)
  const limits = [algorithm.proposal(state).limit]
  for (const one of evidence) {
    state = algorithm.observe(state, one, bounds)
    const { limit } = algorithm.proposal(state)
    if (limit === limits.at(-1)) continue
    limits.push(limit)
    state = algorithm.adopt(state, limit, bounds)
  }
  return limits
}
