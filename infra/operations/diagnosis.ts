import { Schema } from "effect"

/**
 * Whether a channel, or one of its accounts, would take a new request now.
 *
 * Shape: `account` is `null` for the channel itself; `reason` is `null` where it would; `model` is `null` where it is the same for all.
 * Units: milliseconds since the epoch.
 * Source: R6, B8.
 */
export const Diagnosis = Schema.Struct({
  channel: Schema.String,
  account: Schema.NullOr(Schema.String),
  model: Schema.NullOr(Schema.String),
  reason: Schema.NullOr(Schema.String),
  /** When that ends by itself, where it is known. */
  until: Schema.NullOr(Schema.Int),
  inFlight: Schema.Int,
  /** The limit in force; `null` for none. */
  limit: Schema.NullOr(Schema.Int),
  waiting: Schema.Int,
  /** How far the time of the channel's actors is ahead of the machine's clock; absent where it is that. Units: milliseconds. Source: L2. */
  aheadMs: Schema.optionalKey(Schema.Int),
})
export type Diagnosis = typeof Diagnosis.Type
