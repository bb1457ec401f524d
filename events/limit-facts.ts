import { Schema } from "effect"
import { LimitMode } from "./configuration/adaptive-limit.ts"
import { ChangedBy, Classification, Count, DurationMs, fact, leaseFields } from "./field.ts"

/** The facts of a limit that is learned, of a channel or of an account. Source: docs/events.md, F1, F3, S6. */
export const limitFacts = <const Kind extends "channel" | "account">(kind: Kind) =>
  [
    fact(`${kind}.accepted` as const, {
      ...leaseFields,
      ttfbMs: DurationMs,
      by: Schema.Literals(["headers", "time"]),
    }),
    fact(`${kind}.limit_adjusted` as const, {
      from: Count,
      to: Count,
      reason: Schema.Literals([
        "rejected",
        "stated",
        "recovered",
        "accepted",
        "grown",
        "probed",
        "latency",
        "manual",
      ]),
      inFlight: Count,
      /** The used part of the limit that was. */
      utilization: Schema.Finite,
      /** How many attempts have told something since the last adjustment. */
      samples: Count,
      classification: Schema.NullOr(Classification),
      by: Schema.optionalKey(ChangedBy),
    }),
    fact(`${kind}.mode_changed` as const, {
      by: ChangedBy,
      from: LimitMode,
      to: LimitMode,
      /** In force from now on. */
      limit: Schema.optionalKey(Count),
    }),
    fact(`${kind}.learning_reset` as const, { by: ChangedBy, from: Count, to: Count }),
  ] as const

/** What a rejection leaves in the end of an attempt for the next test of a learned limit. Source: F5. */
export const testFields = {
  /** Drawn in −1…1. */
  jitter: Schema.optionalKey(Schema.Finite),
  retryAfterMs: Schema.optionalKey(DurationMs),
}
