import { type Finding, type ProviderAdapter, saysOverloaded } from "../classification/adapter.ts"
import type { AnswerHeaders, Answered } from "../classification/answered.ts"
import { concurrencyStatedIn, limitNamedIn } from "../classification/error-wording.ts"
import { levelOf } from "../classification/rate-limit-headers.ts"
import { believedMs, believedReset, durationMsOf } from "../classification/resets.ts"
import type { ErrorWords } from "../protocol.ts"
import { codexFinding, codexWindowEndsAt } from "./codex-windows.ts"

const ofCredential = new Set([
  "invalid_api_key",
  "account_deactivated",
  "insufficient_quota",
  "billing_hard_limit_reached",
  "billing_not_active",
])

/** How the message begins where the limit is one of a model and not one that models share. */
const ofModel = /^Rate limit reached for \S{1,100} in organization /

const levelOfKind = (headers: AnswerHeaders, kind: "requests" | "tokens") =>
  levelOf(headers, `x-ratelimit-limit-${kind}`, `x-ratelimit-remaining-${kind}`)

/** Both used up at once says nothing about which of them it was. */
const kindOf = ({ headers, words }: Answered, named: "requests" | "tokens" | undefined) => {
  if (words.type === "tokens") return "tokens"
  const requests = levelOfKind(headers, "requests")
  // With requests left, the type "requests" speaks of requests at the same time.
  if (words.type === "requests") return requests === "left" ? undefined : "requests"
  if (named !== undefined) return named
  const tokens = levelOfKind(headers, "tokens")
  if (requests === "exhausted") return tokens === "exhausted" ? undefined : "requests"
  return tokens === "exhausted" ? "tokens" : undefined
}

const find = (answered: Answered, nowMs: number): Finding => {
  const { headers, words } = answered
  if (isSlowDown(words)) return { classification: "slope" }
  const named = limitNamedIn(words.message)
  if (named === "slope") return { classification: "slope" }
  if (named === "concurrency") {
    return { classification: "concurrency", statedLimit: concurrencyStatedIn(words.message) }
  }
  const window = codexFinding(headers, nowMs)
  if (window !== undefined) return window
  if (words.type === "usage_limit_reached") return { classification: "window" }
  const kind = kindOf(answered, named)
  if (kind === undefined) return { classification: "unknown" }
  const spanMs = durationMsOf(headers[`x-ratelimit-reset-${kind}`])
  const isSpent = spanMs !== undefined && levelOfKind(headers, kind) === "exhausted"
  return {
    classification: kind,
    resetAt: isSpent ? believedReset(nowMs + spanMs, { nowMs, withinMs: believedMs.ofOthers }) : null,
    isOfModel: ofModel.test(words.message),
  }
}

/** True if a body says that the use has grown too fast. */
export const isSlowDown = ({ type, code }: ErrorWords): boolean =>
  code === "slow_down" || type === "slow_down"

/**
 * Reads answers of the OpenAI API, of Codex and of those that speak like it: the body names the limit, or the headers name the one that is used up.
 *
 * Source: C2, C7; OpenAI's guides on rate limits and on error codes.
 */
export const openaiAdapter: ProviderAdapter = {
  find,
  isOverload: saysOverloaded,
  refusesCredential: ({ type, code }) => ofCredential.has(code) || ofCredential.has(type),
  namesUnknownModel: ({ code }) => code === "model_not_found",
  windowEndsAt: codexWindowEndsAt,
}
