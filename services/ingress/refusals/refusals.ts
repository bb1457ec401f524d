import type { Candidate } from "@sluice/events/ingress.ts"
import type { Refusal } from "../admission/lease.ts"

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

/** Says how a wait ended without a slot. Source: docs/errors.md. */
export const refusedAfterWait = (code: WaitEnd, candidates: ReadonlyArray<Candidate>): Refusal => ({
  code,
  ...waitEnds[code],
  retryAfterMs: code === "shutting_down" ? 1_000 : null,
  candidates,
})

/** The codes of refusals that a channel's state is the reason of, best candidate first, with the reasons that they stand for. Source: B10, docs/errors.md. */
const causes = [
  { code: "deadline_exceeded", reasons: ["deadline"] },
  { code: "channel_queue_full", reasons: ["queue_full", "saturated"] },
  { code: "channel_rpm_exhausted", reasons: ["rpm"] },
  { code: "channel_tpm_exhausted", reasons: ["tpm"] },
  { code: "all_cooling", reasons: ["cooling", "cooling_soon"] },
] as const satisfies ReadonlyArray<{ code: string; reasons: ReadonlyArray<Candidate["reason"]> }>

/** Returns the reasons at a channel that a code stands for; none where the code is not a channel's. Source: A11. */
export const reasonsOf = (code: string): ReadonlyArray<Candidate["reason"]> =>
  causes.find((cause) => cause.code === (code === "upstream_failing" ? "all_cooling" : code))?.reasons ?? []

const messages: Record<(typeof causes)[number]["code"], string> = {
  deadline_exceeded: "the request would have to wait beyond its deadline",
  channel_queue_full: waitEnds.channel_queue_full.message,
  channel_rpm_exhausted: "every channel that could carry the request has used up its requests a minute",
  channel_tpm_exhausted: "every channel that could carry the request has used up its tokens a minute",
  all_cooling: "every account that could carry the request is cooling down",
}

/**
 * Says why nobody can take a request now; its code is that of its best candidate: queue, rate, cooling, none.
 *
 * Source: B10, docs/errors.md.
 */
export const refusedAtOnce = (
  candidates: ReadonlyArray<Candidate>,
  options: { now: number; coolingUntil: number | null; isFailing: boolean },
): Refusal => {
  if (options.isFailing)
    return {
      code: "upstream_failing",
      status: 503,
      message: "every account that could carry the request fails one request after the other",
      retryAfterMs: null,
      candidates,
    }
  const known = causes.find(({ reasons }) => candidates.some(({ reason }) => isOneOf(reasons, reason)))
  const isQueue = known?.code === "channel_queue_full" || known?.code === "deadline_exceeded"
  if (!isQueue && candidates.some(({ reason }) => reason === "log_unavailable"))
    return {
      code: "event_log_unavailable",
      status: 503,
      message: "the event log does not answer, and nothing is admitted without it",
      retryAfterMs: 1_000,
      candidates,
    }
  if (known !== undefined) {
    const { coolingUntil, now } = options
    const isCooling = known.code === "all_cooling" && coolingUntil !== null
    const retryAfterMs = isCooling ? Math.max(0, coolingUntil - now) : null
    return { code: known.code, status: 429, message: messages[known.code], retryAfterMs, candidates }
  }
  return {
    code: "no_candidate",
    status: 503,
    message: `no channel can carry the request: ${counted(candidates)}`,
    retryAfterMs: null,
    candidates,
  }
}

const isOneOf = (reasons: ReadonlyArray<Candidate["reason"]>, reason: Candidate["reason"]): boolean =>
  reasons.includes(reason)

const counted = (candidates: ReadonlyArray<Candidate>): string => {
  const counts = new Map<string, number>()
  for (const { reason } of candidates) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ") || "the pool has no channel"
}
