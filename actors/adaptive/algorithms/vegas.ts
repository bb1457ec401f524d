import { type Bounds, type LimitAlgorithm, type LimitEvidence, within } from "../algorithm.ts"
import { enforcing, type Held, heldFrom, isOfLastBurst } from "./enforced-limit.ts"
import { isFull, type LatencyWindow, meanMs, noLatencies, withLatency } from "./latency-window.ts"

/** What Vegas knows: how long attempts take now, and how long when nothing waits. */
export interface Vegas extends Held {
  readonly window: LatencyWindow
  /** The shortest mean; 0 before the first window. */
  readonly idleMs: number
  /** How many attempts since the shortest mean was sought anew. */
  readonly seen: number
}

/** The shortest mean is sought anew after so many limits' worth of attempts. */
const renewAfter = 30
/** How many may wait at the upstream, in steps of the limit: the limit leaps below the first, and grows up to the second. */
const waiting = { none: 1, few: 3, many: 6 }

/** A step of a limit: its logarithm to the base of ten, and 1 at least. */
const stepOf = (limit: number): number => Math.max(1, Math.log10(limit))

const measured = (state: Vegas, bounds: Bounds): Vegas => {
  const { limit, window, idleMs, seen } = state
  const nowMs = meanMs(window)
  const next = { ...state, window: noLatencies, seen: seen + window.count }
  if (next.seen > renewAfter * limit) return { ...next, seen: 0, idleMs: nowMs }
  if (idleMs === 0 || nowMs < idleMs) return { ...next, idleMs: nowMs }
  if (window.levelMax * 2 < limit) return next
  const step = stepOf(limit)
  const waits = Math.ceil(limit * (1 - idleMs / nowMs))
  return { ...next, limit: within(bounds, limit + changeOf(waits, step)), reason: "latency" }
}

const changeOf = (waits: number, step: number): number => {
  if (waits <= waiting.none * step) return waiting.many * step
  if (waits < waiting.few * step) return step
  return waits > waiting.many * step ? -step : 0
}

const lowered = (state: Vegas, { at }: LimitEvidence, { min }: Bounds): Vegas => ({
  ...state,
  limit: Math.max(min, state.limit - stepOf(state.limit)),
  loweredAt: at,
  reason: "rejected",
})

/**
 * Reads from latencies how many attempts wait at the upstream, and keeps them few.
 *
 * Source: F8; the figures and the formula of Vegas in Netflix's concurrency-limits.
 */
export const vegas: LimitAlgorithm<Vegas> = {
  ...enforcing<Vegas>(),
  begin: (bounds) => ({ ...heldFrom(bounds), window: noLatencies, idleMs: 0, seen: 0 }),
  observe: (state, evidence, bounds) => {
    if (evidence.kind === "rejected")
      return isOfLastBurst(state, evidence) ? state : lowered(state, evidence, bounds)
    if (evidence.kind !== "ended" || !evidence.isOk) return state
    const next = { ...state, window: withLatency(state.window, evidence) }
    return isFull(next.window, evidence.at) ? measured(next, bounds) : next
  },
}
