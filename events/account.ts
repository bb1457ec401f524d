import { Schema } from "effect"
import { AccountConfiguration } from "./configuration.ts"
import { cooldownFacts } from "./cooldown.ts"
import {
  ChangedBy,
  Classification,
  Count,
  DurationMs,
  Estimate,
  Evidence,
  fact,
  leaseFields,
  Outcome,
  RequestClass,
  TimeMs,
  Tokens,
} from "./field.ts"

/** What can happen to an account. Source: event-log.md, Facts. */
export const AccountFact = Schema.Union([
  fact("account.configured", {
    config: AccountConfiguration,
    channel: Schema.String,
    revision: Count,
    by: ChangedBy,
  }),
  fact("account.removed", { by: ChangedBy, reason: Schema.String }),
  fact("account.acquired", {
    ...leaseFields,
    class: RequestClass,
    client: Schema.String,
    model: Schema.String,
    inFlight: Count,
    estimate: Estimate,
  }),
  fact("account.released", {
    ...leaseFields,
    outcome: Outcome,
    status: Schema.Int,
    holdMs: DurationMs,
    ttftMs: Schema.NullOr(DurationMs),
    inFlight: Count,
    startedAt: TimeMs,
    classification: Schema.optionalKey(Classification),
    evidence: Schema.optionalKey(Evidence),
    model: Schema.optionalKey(Schema.String),
  }),
  fact("account.expired", { ...leaseFields, reason: Schema.Literal("holder_lost"), inFlight: Count }),
  fact("account.usage_recorded", {
    ...leaseFields,
    client: Schema.String,
    model: Schema.String,
    tokens: Tokens,
    standardCostNanoUsd: Count,
    costNanoUsd: Count,
    multiplier: Schema.Finite,
    priced: Schema.Boolean,
    complete: Schema.Boolean,
    estimated: Schema.Boolean,
    prices: Schema.String,
  }),
  ...cooldownFacts("account"),
])
export type AccountFact = typeof AccountFact.Type
