import { type Candidate, PassedOver } from "@sluice/events/ingress.ts"
import type { Refusal } from "../admission/lease.ts"
import { type Problem, problem } from "../http/errors.ts"
import type { ErrorCode } from "./error-catalogue.ts"

/** Why a request that waited got no slot. */
export type WaitEnd = "channel_queue_timeout" | "deadline_exceeded" | "channel_queue_full" | "shutting_down"

const waitEnds: Readonly<Record<WaitEnd, Problem>> = {
  channel_queue_timeout: problem(
    "channel_queue_timeout",
    "the request waited in the queue for as long as the channel allows",
  ),
  deadline_exceeded: problem(
    "deadline_exceeded_in_queue",
    "the request's deadline passed while it waited in the queue",
  ),
  channel_queue_full: problem("channel_queue_full", "the queue is full"),
  shutting_down: problem("shutting_down", "the proxy is shutting down"),
}

/** Says how a wait ended without a slot. Source: docs/errors.md. */
export const refusedAfterWait = (code: WaitEnd, candidates: ReadonlyArray<Candidate>): Refusal => ({
  ...waitEnds[code],
  candidates,
})

/** The refusals that a channel's state is the reason of, best candidate first. Source: B10, docs/errors.md. */
const causes = [
  problem("deadline_exceeded_in_queue", "the request would have to wait beyond its deadline"),
  waitEnds.channel_queue_full,
  problem(
    "channel_rpm_exhausted",
    "every channel that could carry the request has used up its requests a minute",
  ),
  problem(
    "channel_tpm_exhausted",
    "every channel that could carry the request has used up its tokens a minute",
  ),
  problem("all_cooling", "every account that could carry the request is cooling down"),
] as const

/** The code that a reason at a channel makes a refusal of; `null` where another one has to be found. Source: B10. */
const codeOfReason: Readonly<Record<PassedOver, ErrorCode | null>> = {
  deadline: "deadline_exceeded",
  queue_full: "channel_queue_full",
  saturated: "channel_queue_full",
  rpm: "channel_rpm_exhausted",
  tpm: "channel_tpm_exhausted",
  cooling: "all_cooling",
  cooling_soon: "all_cooling",
  disabled: null,
  protocol: null,
  model: null,
  model_cooling: null,
  suspended: null,
  session_limit: null,
  window_cost: null,
  reserved: null,
  tried: null,
  log_unavailable: null,
}

const reasonsOfCode = Map.groupBy(PassedOver.literals, (reason) => codeOfReason[reason])

/** Returns the reasons at a channel that a code stands for; none where the code is not a channel's. Source: A11. */
export const reasonsOf = (code: ErrorCode): ReadonlyArray<PassedOver> =>
  reasonsOfCode.get(code === "upstream_failing" ? "all_cooling" : code) ?? []

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
      ...problem(
        "upstream_failing",
        "every account that could carry the request fails one request after the other",
      ),
      candidates,
    }
  const known = causes.find(({ code }) => candidates.some(({ reason }) => codeOfReason[reason] === code))
  const isQueue = known?.code === "channel_queue_full" || known?.code === "deadline_exceeded"
  if (!isQueue && candidates.some(({ reason }) => reason === "log_unavailable"))
    return {
      ...problem(
        "event_log_unavailable",
        "the event log does not answer, and nothing is admitted without it",
      ),
      candidates,
    }
  if (known !== undefined) {
    const { coolingUntil, now } = options
    const isCooling = known.code === "all_cooling" && coolingUntil !== null
    return { ...known, retryAfterMs: isCooling ? Math.max(0, coolingUntil - now) : null, candidates }
  }
  return {
    ...problem("no_candidate", `no channel can carry the request: ${counted(candidates)}`),
    candidates,
  }
}

const counted = (candidates: ReadonlyArray<Candidate>): string => {
  const counts = new Map<string, number>()
  for (const { reason } of candidates) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ") || "the pool has no channel"
}
