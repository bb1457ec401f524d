import { type Finding, type ProviderAdapter, saysOverloaded } from "../classification/adapter.ts"
import type { Answered } from "../classification/answered.ts"
import { concurrencyStatedIn, limitNamedIn } from "../classification/error-wording.ts"
import { believedMs, durationMsOf } from "../classification/resets.ts"
import type { ErrorWords } from "../protocol.ts"

const reasonsOfCredential = new Set([
  "API_KEY_INVALID",
  "API_KEY_SERVICE_BLOCKED",
  "ACCESS_TOKEN_EXPIRED",
  "BILLING_DISABLED",
  "CONSUMER_INVALID",
  "CONSUMER_SUSPENDED",
  "SERVICE_DISABLED",
])

const find = ({ words }: Answered): Finding => {
  const spanMs = durationMsOf(words.details?.retryDelay)
  const retryAfterMs = spanMs === undefined ? null : Math.min(believedMs.ofOthers, Math.ceil(spanMs))
  return { ...limitOf(words), retryAfterMs }
}

const limitOf = ({ message, details }: ErrorWords): Finding => {
  const quotas = details?.quotas ?? []
  if (quotas.length > 0) return limitOfQuotas(quotas)
  const named = limitNamedIn(message)
  if (named === "concurrency") {
    return { classification: "concurrency", statedLimit: concurrencyStatedIn(message) }
  }
  return { classification: named ?? "unknown" }
}

/** A quota for a day lasts longer than any for a minute; requests and tokens at once say only whose limit it is. */
const limitOfQuotas = (quotas: ReadonlyArray<string>): Finding => {
  const isOfModel = quotas.every((quota) => /per_?(?:base_?)?model/i.test(quota))
  if (quotas.some((quota) => /concurrent/i.test(quota))) return { classification: "concurrency", isOfModel }
  if (quotas.some((quota) => /per_?day/i.test(quota))) return { classification: "window", isOfModel }
  const tokens = quotas.filter((quota) => /token/i.test(quota))
  const requests = quotas.filter((quota) => /request/i.test(quota) && !tokens.includes(quota))
  if (tokens.length > 0 && requests.length === 0) return { classification: "tokens", isOfModel }
  if (requests.length > 0 && tokens.length === 0) return { classification: "requests", isOfModel }
  return { classification: isOfModel ? "model" : "unknown", isOfModel }
}

const unknownModel = /^models\/\S{1,200} is not found\b/

/**
 * Reads answers of the Gemini API: their details name the quota, no header does.
 *
 * Source: C2, C7; Google's guide on rate limits, `google.rpc.QuotaFailure`, `RetryInfo` and `ErrorInfo`.
 */
export const geminiAdapter: ProviderAdapter = {
  find,
  isOverload: (words) => words.type === "UNAVAILABLE" || saysOverloaded(words),
  refusesCredential: ({ type, details }) =>
    type === "UNAUTHENTICATED" || details?.reasons.some((reason) => reasonsOfCredential.has(reason)) === true,
  namesUnknownModel: ({ type, message }) => type === "NOT_FOUND" && unknownModel.test(message),
  windowEndsAt: () => undefined,
}
