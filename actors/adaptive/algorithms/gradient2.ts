import { type Bounds, type LimitAlgorithm, within } from "../algorithm.ts"
import { enforcing, type Held, heldFrom } from "./enforced-limit.ts"
import { isFull, type LatencyWindow, meanMs, noLatencies, withLatency } from "./latency-window.ts"

/** What Gradient2 knows: how long attempts take now, and how long they took over a long time. */
export interface Gradient2 extends Held {
  readonly window: LatencyWindow
  /** A fading mean; 0 before the first window. */
  readonly longMs: number
  /** How many windows it is of. */
  readonly windows: number
}

/** So many windows count alike at first; after them each newer one counts more than those before. */
const warmUp = 10
const fading = 2 / (600 + 1)
/** Latencies that have fallen to half make the long mean follow faster. */
const recovery = { above: 2, factor: 0.95 }
/** Latencies may rise by so much before the limit falls. */
const tolerance = 1.5
const gradientMin = 0.5
/** So many more are always tried. */
const queue = 4
const smoothing = 0.2

const longMean = ({ longMs, windows }: Gradient2, nowMs: number): number => {
  const mean =
    windows < warmUp ? (longMs * windows + nowMs) / (windows + 1) : longMs + (nowMs - longMs) * fading
  return mean / nowMs > recovery.above ? mean * recovery.factor : mean
}

const measured = (state: Gradient2, bounds: Bounds): Gradient2 => {
  const { limit, window, windows } = state
  const nowMs = meanMs(window)
  const longMs = longMean(state, nowMs)
  const next = { ...state, longMs, windows: windows + 1, window: noLatencies }
  if (window.levelMax < limit / 2) return next
  const gradient = Math.min(1, Math.max(gradientMin, (tolerance * longMs) / nowMs))
  const aim = limit * gradient + queue
  return { ...next, limit: within(bounds, limit + (aim - limit) * smoothing), reason: "latency" }
}

/**
 * Follows the ratio of the usual latency to that of now, and knows nothing of rejections.
 *
 * Source: F8; the figures and the formula of Gradient2 in Netflix's concurrency-limits.
 */
export const gradient2: LimitAlgorithm<Gradient2> = {
  ...enforcing<Gradient2>(),
  begin: (bounds) => ({ ...heldFrom(bounds), window: noLatencies, longMs: 0, windows: 0 }),
  observe: (state, evidence, bounds) => {
    if (evidence.kind !== "ended" || !evidence.isOk) return state
    const next = { ...state, window: withLatency(state.window, evidence) }
    return isFull(next.window, evidence.at) ? measured(next, bounds) : next
  },
  isSettled: ({ windows }) => windows >= warmUp,
}
