import { Schema } from "effect"
import { Count, DurationMs, Estimate, fact, Outcome, Protocol, SessionSource, TimeMs } from "./field.ts"

/** Why a candidate was passed over. Source: B8. */
export const PassedOver = Schema.Literals([
  "disabled",
  "protocol",
  "model",
  "cooling",
  "cooling_soon",
  "model_cooling",
  "suspended",
  "rpm",
  "tpm",
  "session_limit",
  "window_cost",
  "reserved",
  "saturated",
  "deadline",
  "queue_full",
  "tried",
  "log_unavailable",
])
export type PassedOver = typeof PassedOver.Type

/** A channel (or one of its accounts) that could not take a request, and why. */
export const Candidate = Schema.Struct({
  channel: Schema.String,
  account: Schema.optionalKey(Schema.String),
  reason: PassedOver,
})
export type Candidate = typeof Candidate.Type

/** One try at one account, as the ingress saw it end. */
export const AttemptSummary = Schema.Struct({
  attempt: Count,
  channel: Schema.String,
  account: Schema.String,
  outcome: Outcome,
  status: Schema.Int,
  waitMs: DurationMs,
})
export type AttemptSummary = typeof AttemptSummary.Type

/** How many requests were refused with one code, and not told of one by one; the client is empty where nobody knew who called. Source: A11. */
const refusedCount = {
  client: Schema.String,
  code: Schema.String,
  status: Schema.Int,
  since: TimeMs,
  count: Count,
}

/** A number of refused requests that stands for their stories. */
export interface RefusedCount extends Schema.Struct.Type<typeof refusedCount> {}

/** What can happen to an ingress process and the requests that it carries. Source: docs/events.md. */
export const IngressFact = Schema.Union([
  fact("node.started", { incarnation: Schema.String, clean: Schema.Boolean }),
  fact("node.stopped", { incarnation: Schema.String }),
  fact("requests.refused", refusedCount),
  fact("request.completed", {
    request: Schema.String,
    client: Schema.String,
    protocol: Protocol,
    path: Schema.String,
    model: Schema.String,
    pool: Schema.String,
    session: Schema.optionalKey(Schema.String),
    sessionSource: Schema.optionalKey(SessionSource),
    streaming: Schema.Boolean,
    arrivedAt: TimeMs,
    deadlineMs: Schema.NullOr(DurationMs),
    estimate: Estimate,
    maxTokens: Schema.NullOr(Count),
    candidates: Schema.Array(Candidate),
    attempts: Schema.Array(AttemptSummary),
    channel: Schema.String,
    account: Schema.String,
    status: Schema.Int,
    code: Schema.String,
    waitMs: DurationMs,
    ttftMs: Schema.NullOr(DurationMs),
    totalMs: DurationMs,
    bytesIn: Count,
    bytesOut: Count,
  }),
])
export type IngressFact = typeof IngressFact.Type

/** The one fact that closes a request's story. Source: L7. */
export type RequestCompleted = Extract<IngressFact, { type: "request.completed" }>
