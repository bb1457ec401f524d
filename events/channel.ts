import { Schema } from "effect"
import { ChannelConfiguration } from "./configuration/channel.ts"
import { cooldownFacts } from "./cooldown.ts"
import {
  ChangedBy,
  Classification,
  Count,
  DurationMs,
  Estimate,
  fact,
  leaseFields,
  Outcome,
  RequestClass,
  TimeMs,
} from "./field.ts"
import { limitFacts, testFields } from "./limit-facts.ts"

const place = { request: Schema.String, attempt: Count }

/** What can happen to a channel. Source: docs/events.md. */
export const ChannelFact = Schema.Union([
  fact("channel.configured", { config: ChannelConfiguration, revision: Count, by: ChangedBy }),
  fact("channel.removed", { by: ChangedBy, reason: Schema.String }),
  fact("channel.queued", {
    ...place,
    class: RequestClass,
    client: Schema.String,
    weight: Count,
    model: Schema.String,
    lane: Schema.String,
    session: Schema.optionalKey(Schema.String),
    /** The account that the request is bound to and waits for. Source: B7. */
    account: Schema.optionalKey(Schema.String),
    /** True if its session stays bound to another account. Source: B7. */
    isSpilled: Schema.optionalKey(Schema.Boolean),
    /** True if it may test an account that fails, since nobody else can serve it. Source: C7. */
    mayProbe: Schema.optionalKey(Schema.Boolean),
    estimate: Estimate,
    /** What it is expected to cost by the list; absent where no window counts it. Source: D5. */
    estimatedCostNanoUsd: Schema.optionalKey(Count),
    arrivedAt: TimeMs,
    dueAt: Schema.NullOr(TimeMs),
    dueReason: Schema.Literals(["queue_timeout", "deadline"]),
    depth: Count,
  }),
  fact("channel.acquired", {
    ...leaseFields,
    class: RequestClass,
    client: Schema.String,
    model: Schema.String,
    account: Schema.String,
    waitMs: DurationMs,
    inFlight: Count,
    /** What its bucket of tokens was charged with; absent where it has none. Source: C1. */
    estimatedTokens: Schema.optionalKey(Count),
  }),
  fact("channel.settled", { ...leaseFields, tokens: Count, estimatedTokens: Count }),
  fact("channel.reset", {
    by: ChangedBy,
    cleared: Schema.Array(Schema.String),
    /** True if its buckets are full again. */
    refilled: Schema.optionalKey(Schema.Literal(true)),
  }),
  fact("channel.rejected", {
    request: Schema.String,
    reason: Schema.String,
    inFlight: Count,
    waiting: Count,
    count: Count,
  }),
  fact("channel.timed_out", { ...place, waitMs: DurationMs, depth: Count }),
  fact("channel.abandoned", {
    ...place,
    waitMs: DurationMs,
    reason: Schema.Literals([
      "client_left",
      "deadline",
      "served_elsewhere",
      "displaced",
      "rerouted",
      "shutting_down",
      "holder_lost",
    ]),
    depth: Count,
  }),
  fact("channel.released", {
    ...leaseFields,
    account: Schema.String,
    outcome: Outcome,
    status: Schema.Int,
    holdMs: DurationMs,
    ttftMs: Schema.NullOr(DurationMs),
    inFlight: Count,
    /** As on the account, where it is the channel that learns from it. Source: F5. */
    classification: Schema.optionalKey(Classification),
    model: Schema.optionalKey(Schema.String),
    ...testFields,
  }),
  fact("channel.expired", {
    ...leaseFields,
    account: Schema.String,
    reason: Schema.Literal("holder_lost"),
    inFlight: Count,
  }),
  ...limitFacts("channel"),
  ...cooldownFacts("channel"),
])
export type ChannelFact = typeof ChannelFact.Type
