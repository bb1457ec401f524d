import { Schema } from "effect"
import { Classification, Count, DurationMs, Evidence, fact, TimeMs } from "./field.ts"

const cause = {
  id: Schema.String,
  until: TimeMs,
  consecutive: Count,
  classification: Classification,
  evidence: Evidence,
  source: Schema.Literals(["backoff", "retry_after", "official_reset", "in_force"]),
  backoffMs: DurationMs,
  retryAfterMs: Schema.NullOr(DurationMs),
  status: Schema.Int,
  summary: Schema.String,
  /** The one model that cools; absent where all do. */
  model: Schema.optionalKey(Schema.String),
  /** How many requests in a row have tested in vain an account that fails, and from when on the next one may. Source: C7. */
  probe: Schema.optionalKey(Schema.Struct({ failed: Count, at: TimeMs })),
}

/** The facts that begin, lengthen and end a cooldown, alike for a channel and an account. Source: C3, C5, C9. */
export const cooldownFacts = <const K extends "channel" | "account">(kind: K) =>
  [
    fact(`${kind}.cooldown_started` as const, cause),
    fact(`${kind}.cooldown_extended` as const, cause),
    fact(`${kind}.cooldown_ended` as const, {
      id: Schema.String,
      /**
       * `displaced`: of a model that only a pattern serves, when too many of those cool at once. `recovered`: a request has tested an account that failed, and has succeeded.
       *
       * Source: C7.
       */
      reason: Schema.Literals(["elapsed", "manual", "displaced", "recovered"]),
    }),
  ] as const
