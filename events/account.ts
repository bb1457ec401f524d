import { Schema } from "effect"
import { AccountConfiguration } from "./configuration/account.ts"
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
import { limitFacts, testFields } from "./limit-facts.ts"

/** What can happen to an account. Source: docs/events.md. */
export const AccountFact = Schema.Union([
  fact("account.configured", {
    config: AccountConfiguration,
    channel: Schema.String,
    /** How many seconds' worth its buckets hold, as its channel says. Source: C1. */
    burstSeconds: Schema.optionalKey(Count),
    /** Tells credentials apart without showing them: a digest under a secret of the installation. Source: C7. */
    credential: Schema.optionalKey(Schema.String),
    revision: Count,
    by: ChangedBy,
  }),
  fact("account.removed", { by: ChangedBy, reason: Schema.String }),
  fact("account.acquired", {
    ...leaseFields,
    class: RequestClass,
    client: Schema.String,
    model: Schema.String,
    session: Schema.optionalKey(Schema.String),
    inFlight: Count,
    estimate: Estimate,
    /** What it is expected to cost by the list; absent where no window counts it. Source: D5. */
    estimatedCostNanoUsd: Schema.optionalKey(Count),
    /** What its bucket of tokens was charged with; absent where it has none. Source: C1. */
    takenTokens: Schema.optionalKey(Count),
    /** True if it tests an account that cools because it fails. Source: C7. */
    isProbe: Schema.optionalKey(Schema.Boolean),
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
    /** Nothing is sent until an attempt ends, or until then. Source: C3. */
    gateUntil: Schema.optionalKey(TimeMs),
    ...testFields,
    /** Names the body of a request that was refused for its credential or its rights. Source: C7. */
    fingerprint: Schema.optionalKey(Schema.String),
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
    /** The start of the window of cost that it counts in; absent where there is none. Source: D6. */
    windowStart: Schema.optionalKey(TimeMs),
  }),
  /** An attempt has tested an account that fails, and it still does. Source: C7. */
  fact("account.probe_failed", { ...leaseFields, failed: Count, nextAt: TimeMs }),
  fact("account.ramped", { limit: Schema.NullOr(Count) }),
  /** A rate that the provider does not tell is found out, or found out to be another. Source: F7. */
  fact("account.rate_adjusted", {
    kind: Schema.Literals(["rpm", "tpm"]),
    from: Schema.NullOr(Count),
    /** `null`: it was none after all. */
    to: Schema.NullOr(Count),
    reason: Schema.Literals(["rejected", "stated", "grown", "refuted"]),
  }),
  fact("account.session_registered", { session: Schema.String, stay: Schema.String }),
  fact("account.session_expired", { session: Schema.String, stay: Schema.String, lastSeenAt: TimeMs }),
  fact("account.session_released", {
    session: Schema.String,
    stay: Schema.String,
    lastSeenAt: TimeMs,
    /** `displaced`: the one that was idle longest, when more are registered than are remembered. */
    reason: Schema.Literals(["failed", "account_closed", "unbound", "displaced"]),
  }),
  fact("account.window_opened", {
    start: TimeMs,
    end: TimeMs,
    source: Schema.Literals(["official", "hour"]),
    limitNanoUsd: Count,
  }),
  fact("account.window_state", {
    start: TimeMs,
    state: Schema.Literals(["open", "sticky_only", "exhausted"]),
    costNanoUsd: Count,
    limitNanoUsd: Count,
  }),
  fact("account.suspended", {
    reason: Schema.Literals(["credential", "refused"]),
    status: Schema.Int,
    evidence: Evidence,
    summary: Schema.String,
  }),
  fact("account.restored", { by: ChangedBy, reason: Schema.Literals(["credential", "manual"]) }),
  /** An operator says what the window in force has cost. Source: C8, D6. */
  fact("account.window_corrected", { start: TimeMs, costNanoUsd: Count, by: ChangedBy }),
  fact("account.reset", {
    by: ChangedBy,
    cleared: Schema.Array(Schema.String),
    /** True if its buckets are full again. */
    refilled: Schema.optionalKey(Schema.Literal(true)),
  }),
  ...limitFacts("account"),
  ...cooldownFacts("account"),
])
export type AccountFact = typeof AccountFact.Type
