import type { Rejection429, Release } from "@sluice/actors/decisions/command.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import type { Protocol } from "@sluice/events/field.ts"
import { anthropicAdapter } from "../anthropic/rejections.ts"
import { geminiAdapter } from "../gemini/rejections.ts"
import { isSlowDown, openaiAdapter } from "../openai/rejections.ts"
import { type Finding, type ProviderAdapter, saysOverloaded } from "./adapter.ts"
import type { AnswerHeaders, Answered } from "./answered.ts"
import { evidenceOf, summaryOf } from "./evidence.ts"
import { genericFinding, statedPerMinute } from "./rate-limit-headers.ts"
import { retryAfterMs } from "./retry-after.ts"

/** Which protocol an answer speaks, and what its channel declares. */
export interface AnswerContext {
  readonly protocol: Protocol
  readonly unknownRejection: ChannelConfiguration["unknownRejection"]
  readonly nowMs: number
}

/** What an answer means that is no success. */
export interface Meaning {
  /** What a 429, a 529 or a 503 for overload says of a limit. Source: C2. */
  readonly rejection: Rejection429 | undefined
  /** What it says of the credential itself. Source: C7. */
  readonly credentialRefused: Release["credentialRefused"]
  /** True if it names the model as one that is not known. Source: C7. */
  readonly isModelUnknown: boolean
}

const adapters: Readonly<Record<Protocol, ProviderAdapter>> = {
  openai: openaiAdapter,
  anthropic: anthropicAdapter,
  gemini: geminiAdapter,
}

/** Says what an answer means that is no success. A 429 that is about the credential is no rejection: no time lifts it. Source: C2, C7. */
export const meaningOf = (answered: Answered, context: AnswerContext): Meaning => {
  const { status, words } = answered
  const adapter = adapters[context.protocol]
  const isOfClient = status >= 400 && status < 500
  if (isOfClient && adapter.refusesCredential(words)) {
    const credentialRefused = { evidence: evidenceOf(answered), summary: summaryOf(answered) }
    return { rejection: undefined, credentialRefused, isModelUnknown: false }
  }
  return {
    rejection: rejectionOf(answered, context),
    credentialRefused: undefined,
    isModelUnknown: (status === 404 || status === 400) && adapter.namesUnknownModel(words),
  }
}

const rejectionOf = (answered: Answered, context: AnswerContext): Rejection429 | undefined => {
  const found = find(answered, context)
  if (found === undefined) return undefined
  const { unknownRejection } = context
  const isDeclared = found.classification === "unknown" && unknownRejection !== "unknown"
  const { classification } = found
  const perMinute =
    classification === "requests" || classification === "tokens"
      ? statedPerMinute(answered.headers, classification)
      : undefined
  return {
    ...(perMinute === undefined ? {} : { statedPerMinute: perMinute }),
    classification: isDeclared ? unknownRejection : found.classification,
    evidence: evidenceOf(answered, isDeclared ? unknownRejection : undefined),
    retryAfterMs: retryAfterMs(answered.headers, context.nowMs) ?? found.retryAfterMs ?? null,
    resetAt: found.resetAt ?? null,
    isOfModel: found.isOfModel ?? false,
    statedLimit: found.statedLimit ?? null,
    summary: summaryOf(answered),
  }
}

const find = (answered: Answered, { protocol, nowMs }: AnswerContext): Finding | undefined => {
  const { status, headers, words } = answered
  const adapter = adapters[protocol]
  if (status === 529) return { classification: "overloaded" }
  if (status === 503) {
    if (isSlowDown(words)) return { classification: "slope" }
    return adapter.isOverload(words) ? { classification: "overloaded" } : undefined
  }
  if (status !== 429) return undefined
  if (saysOverloaded(words)) return { classification: "overloaded" }
  const found = adapter.find(answered, nowMs)
  if (found.classification !== "unknown") return found
  return { ...found, ...genericFinding(headers, nowMs) }
}

/** Reads the end of the account's window of 5 hours from the headers of any answer, since the epoch. Source: D6. */
export const windowEndsAt = (protocol: Protocol, headers: AnswerHeaders, nowMs: number): number | undefined =>
  adapters[protocol].windowEndsAt(headers, nowMs)
