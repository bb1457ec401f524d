import type { Classification } from "@sluice/events/field.ts"
import type { Meaning } from "@sluice/ingress/providers/classification/classification.ts"
import type { RecordedAttempt } from "../recording/recorded-attempt.ts"

type Rejection = NonNullable<Meaning["rejection"]>

/** What an answer means that is a rejection of a kind. */
export const meaning = (classification: Classification, more: Partial<Rejection> = {}): Meaning => ({
  rejection: {
    classification,
    evidence: {},
    retryAfterMs: null,
    resetAt: null,
    isOfModel: false,
    statedLimit: null,
    summary: "429",
    ...more,
  },
  credentialRefused: undefined,
  isModelUnknown: false,
})

/** An attempt of the account `a` that was answered. */
export const attempt = (startedAt: number, more: Partial<RecordedAttempt> = {}): RecordedAttempt => ({
  place: startedAt,
  request: `r${startedAt}`,
  channel: "c",
  account: "a",
  model: "m",
  estimate: { inputTokens: 10, outputTokens: 20 },
  startedAt,
  tookMs: 1_000,
  ttftMs: 200,
  outcome: "ok",
  status: 200,
  usage: null,
  meaning: null,
  ...more,
})

/** One that was rejected, 50 ms after its sending. */
export const rejected = (
  startedAt: number,
  classification: Classification,
  more: Partial<Rejection> = {},
): RecordedAttempt =>
  attempt(startedAt, {
    tookMs: 50,
    ttftMs: null,
    outcome: "rate_limited",
    status: 429,
    meaning: meaning(classification, more),
  })

/** One that an upstream answered with 500, 50 ms after its sending. */
export const failed = (startedAt: number): RecordedAttempt =>
  attempt(startedAt, {
    tookMs: 50,
    ttftMs: null,
    outcome: "upstream_error",
    status: 500,
    meaning: { rejection: undefined, credentialRefused: undefined, isModelUnknown: false },
  })
