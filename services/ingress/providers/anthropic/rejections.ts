import { type Finding, type ProviderAdapter, saysOverloaded } from "../classification/adapter.ts"
import type { AnswerHeaders, Answered } from "../classification/answered.ts"
import { concurrencyStatedIn, limitNamedIn } from "../classification/error-wording.ts"
import { levelOf } from "../classification/rate-limit-headers.ts"
import {
  believedMs,
  believedReset,
  epochSecondsOf,
  instantOf,
  latestReset,
  numberOf,
} from "../classification/resets.ts"

const kindsOfTokens = ["tokens", "input-tokens", "output-tokens"]

const spentOf = (headers: AnswerHeaders, kinds: ReadonlyArray<string>): ReadonlyArray<string> =>
  kinds.filter((kind) => {
    const name = `anthropic-ratelimit-${kind}`
    return levelOf(headers, `${name}-limit`, `${name}-remaining`) === "exhausted"
  })

const find = ({ headers, words }: Answered, nowMs: number): Finding => {
  const named = limitNamedIn(words.message)
  if (named === "slope") return { classification: "slope" }
  if (named === "concurrency") {
    return { classification: "concurrency", statedLimit: concurrencyStatedIn(words.message) }
  }
  const window = windowFinding(headers, nowMs)
  if (window !== undefined) return window
  const requests = spentOf(headers, ["requests"])
  const tokens = spentOf(headers, kindsOfTokens)
  const kind = named ?? onlySpent(requests, tokens)
  if (kind === undefined) return { classification: "unknown" }
  const resets = (kind === "requests" ? requests : tokens).map((spent) =>
    believedReset(instantOf(headers[`anthropic-ratelimit-${spent}-reset`]), {
      nowMs,
      withinMs: believedMs.ofOthers,
    }),
  )
  return { classification: kind, resetAt: latestReset(resets) }
}

/** Both used up at once says nothing about which of them it was. */
const onlySpent = (requests: ReadonlyArray<string>, tokens: ReadonlyArray<string>) => {
  if (requests.length > 0) return tokens.length > 0 ? undefined : "requests"
  return tokens.length > 0 ? "tokens" : undefined
}

/** The window, and after an underscore the models that it is of: `7d_opus`. */
const windowHeader = /^anthropic-ratelimit-unified-((5h|7d)(_[a-z0-9]{1,20})?)-(?:status|utilization)$/
const absurdUtilization = 2

/** Reads which windows of a subscription are used up. Where only those of some models are, the account still takes the others. */
const windowFinding = (headers: AnswerHeaders, nowMs: number): Finding | undefined => {
  const resets = new Map<string, number | null>()
  let isOfModel = true
  for (const header of Object.keys(headers)) {
    const [, window = "", span = "", models] = windowHeader.exec(header) ?? []
    if (window === "" || resets.has(window) || !isWindowSpent(headers, window)) continue
    const withinMs = span === "5h" ? believedMs.ofFiveHours : believedMs.ofSevenDays
    const atMs = epochSecondsOf(headers[`anthropic-ratelimit-unified-${window}-reset`])
    resets.set(window, believedReset(atMs, { nowMs, withinMs }))
    isOfModel &&= models !== undefined
  }
  if (resets.size === 0) return undefined
  return { classification: "window", resetAt: latestReset([...resets.values()]), isOfModel }
}

const isWindowSpent = (headers: AnswerHeaders, window: string): boolean => {
  const status = headers[`anthropic-ratelimit-unified-${window}-status`]
  if (status !== undefined) return status === "rejected"
  const used = numberOf(headers[`anthropic-ratelimit-unified-${window}-utilization`])
  return used !== undefined && used >= 1 && used <= absurdUtilization
}

/** These are of the whole account, and their types are those of a mistake in one request. */
const accountIsClosed =
  /^(?:this|your) organi[sz]ation has been disabled\b|^your credit balance is too low\b/i
const typesOfClosed = new Set(["permission_error", "invalid_request_error"])

/**
 * Reads answers of the Anthropic API: the body hardly names a limit, so the headers of the one that is used up do.
 *
 * Source: C2, C7, D6; Anthropic's references on rate limits and on errors.
 */
export const anthropicAdapter: ProviderAdapter = {
  find,
  isOverload: saysOverloaded,
  refusesCredential: ({ type, message }) =>
    type === "authentication_error" ||
    type === "billing_error" ||
    (typesOfClosed.has(type) && accountIsClosed.test(message)),
  namesUnknownModel: ({ type, message }) => type === "not_found_error" && message.startsWith("model:"),
  windowEndsAt: (headers, nowMs) => {
    const reset = headers["anthropic-ratelimit-unified-5h-reset"]
    if (reset === undefined) return undefined
    const withinMs = believedMs.ofFiveHours
    return believedReset(epochSecondsOf(reset), { nowMs, withinMs }) ?? undefined
  },
}
