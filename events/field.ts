import { Schema } from "effect"
import { mostTokens } from "./bounds.ts"

/** Milliseconds since the epoch, UTC, as every time in a fact. */
export const TimeMs = Schema.Int

/** A span in whole milliseconds. */
export const DurationMs = Schema.Int

/** How many: never below zero. One check takes half the time of two, and most of what a fact holds are counts. */
export const Count = Schema.Number.check(
  Schema.makeFilter((value) => Number.isSafeInteger(value) && value >= 0, {
    expected: "a whole number from 0 on",
  }),
)

/** True if the request's session is registered on the account in question. Source: docs/glossary.md. */
export const RequestClass = Schema.Literals(["bound", "new"])
export type RequestClass = typeof RequestClass.Type

/** The wire protocols that are spoken. */
export const Protocol = Schema.Literals(["openai", "anthropic", "gemini"])
export type Protocol = typeof Protocol.Type

/** How an attempt ended. */
export const Outcome = Schema.Literals([
  "ok",
  "rate_limited",
  "upstream_error",
  "timeout",
  "client_closed",
  "aborted",
])
export type Outcome = typeof Outcome.Type

/** What a rejection by the provider means; `failing` stands for an account whose attempts fail one after the other. Source: C2, C7. */
export const Classification = Schema.Literals([
  "concurrency",
  "requests",
  "tokens",
  "window",
  "model",
  "slope",
  "overloaded",
  "unknown",
  "failing",
])
export type Classification = typeof Classification.Type

/** What the classification rests on: rate-limit headers as received and the error's type or code, nothing of the content. */
export const Evidence = Schema.Record(Schema.String, Schema.String)
export type Evidence = typeof Evidence.Type

/**
 * Tokens of one attempt per kind.
 *
 * `input` leaves out what was read from or written to a cache; `output` includes `reasoning`.
 * Source: D1.
 */
export const Tokens = Schema.Struct({
  input: Count,
  output: Count,
  cacheRead: Count,
  cacheWrite5m: Count,
  cacheWrite1h: Count,
  reasoning: Count,
})
export type Tokens = typeof Tokens.Type

/** What an attempt is expected to use, known before it is sent. Source: D4. */
export const Estimate = Schema.Struct({ inputTokens: Count, outputTokens: Count })
export type Estimate = typeof Estimate.Type

/** Returns an estimate as tokens per kind, no more than `mostTokens` of each: nothing is known of caches and of reasoning before. */
export const tokensOf = ({ inputTokens, outputTokens }: Estimate): Tokens => ({
  input: Math.min(inputTokens, mostTokens),
  output: Math.min(outputTokens, mostTokens),
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  reasoning: 0,
})

/** Where the key of a session was found. Source: B5. */
export const SessionSource = Schema.Literals([
  "header",
  "metadata_user_id",
  "session_header",
  "prompt_cache_key",
  "user",
])
export type SessionSource = typeof SessionSource.Type

/** Who changed a configuration: the file, or a name behind the API. */
export const ChangedBy = Schema.String.check(Schema.isPattern(/^(file|demo|api:.+)$/))

/** The fields that tie a fact to one lease of one attempt of one request. Source: A9. */
export const leaseFields = {
  request: Schema.String,
  attempt: Count,
  lease: Schema.String,
}

/** A stored fact: the actor that it happened to (`<kind>/<id>`), its type, its time and fields of its own. */
export const fact = <const T extends string, const F extends Schema.Struct.Fields>(type: T, fields: F) =>
  Schema.Struct({ actor: Schema.String, type: Schema.Literal(type), at: TimeMs, ...fields })
