import type { Candidate } from "@sluice/events/ingress.ts"
import type { Refusal } from "./lease.ts"

/** Why a request that waited got no slot. */
export type WaitEnd = "channel_queue_timeout" | "deadline_exceeded" | "channel_queue_full" | "shutting_down"

const waitEnds: Record<WaitEnd, { readonly status: number; readonly message: string }> = {
  channel_queue_timeout: {
    status: 429,
    message: "the request waited in the queue for as long as the channel allows",
  },
  deadline_exceeded: { status: 429, message: "the request's deadline passed while it waited in the queue" },
  channel_queue_full: { status: 429, message: "the queue is full" },
  shutting_down: { status: 503, message: "the proxy is shutting down" },
}

/** Says how a wait ended without a slot. Source: table E. */
export const refusedAfterWait = (code: WaitEnd, candidates: ReadonlyArray<Candidate>): Refusal => ({
  code,
  ...waitEnds[code],
  retryAfterMs: code === "shutting_down" ? 1_000 : null,
  candidates,
})

/**
 * Says why nobody can take a request now; its code is that of its best candidate: queue, cooling, none.
 *
 * Source: B10, table E.
 */
export const refusedAtOnce = (
  candidates: ReadonlyArray<Candidate>,
  options: { now: number; coolingUntil: number | null },
): Refusal => {
  const has = (...reasons: ReadonlyArray<Candidate["reason"]>) =>
    candidates.some(({ reason }) => reasons.includes(reason))
  if (has("queue_full", "saturated")) return refusedAfterWait("channel_queue_full", candidates)
  if (has("log_unavailable"))
    return {
      code: "event_log_unavailable",
      status: 503,
      message: "the event log does not answer, and nothing is admitted without it",
      retryAfterMs: 1_000,
      candidates,
    }
  if (has("cooling", "cooling_soon") && options.coolingUntil !== null)
    return {
      code: "all_cooling",
      status: 429,
      message: "every account that could carry the request is cooling down",
      retryAfterMs: Math.max(0, options.coolingUntil - options.now),
      candidates,
    }
  return {
    code: "no_candidate",
    status: 503,
    message: `no channel can carry the request: ${counted(candidates)}`,
    retryAfterMs: null,
    candidates,
  }
}

const counted = (candidates: ReadonlyArray<Candidate>): string => {
  const counts = new Map<string, number>()
  for (const { reason } of candidates) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ") || "the pool has no channel"
}
