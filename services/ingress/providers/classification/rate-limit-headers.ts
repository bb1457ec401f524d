import { mostPerMinute } from "@sluice/events/bounds.ts"
import type { Finding } from "./adapter.ts"
import type { AnswerHeaders } from "./answered.ts"
import { anyResetOf, believedMs, believedReset, numberOf } from "./resets.ts"

/** What the headers say of one kind of limit. */
export type Level = "exhausted" | "left" | "unknown"

/**
 * Reads a pair of limit and remaining.
 *
 * Headers are hints: a limit that is no positive number, or a remaining that is none or above the limit, is not believed.
 * Source: C2.
 */
export const levelOf = (headers: AnswerHeaders, limitName: string, remainingName: string): Level => {
  const limit = numberOf(headers[limitName])
  const remaining = numberOf(headers[remainingName])
  if (limit === undefined || remaining === undefined || limit <= 0 || remaining < 0 || remaining > limit) {
    return "unknown"
  }
  return remaining < 1 ? "exhausted" : "left"
}

/** Reads the headers that no provider owns; by custom they count requests. Source: C2. */
export const genericFinding = (headers: AnswerHeaders, nowMs: number): Finding | undefined => {
  if (levelOf(headers, "x-ratelimit-limit", "x-ratelimit-remaining") !== "exhausted") return undefined
  const atMs = anyResetOf(headers["x-ratelimit-reset"], nowMs)
  return {
    classification: "requests",
    resetAt: believedReset(atMs, { nowMs, withinMs: believedMs.ofOthers }),
  }
}

const stated = {
  requests: [
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"],
    ["anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining"],
  ],
  tokens: [
    ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens"],
    ["anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining"],
  ],
} as const

/** Reads how many requests or tokens a minute the provider says that it takes; only one that is used up is believed. Source: C2, F7. */
export const statedPerMinute = (headers: AnswerHeaders, of: "requests" | "tokens"): number | undefined => {
  const told = stated[of].find(([limit, remaining]) => levelOf(headers, limit, remaining) === "exhausted")
  return told && Math.min(Math.floor(numberOf(headers[told[0]]) ?? 0), mostPerMinute)
}
