import { Schema } from "effect"

const Limit = Schema.NullOr(Schema.Int)

const limitFields = {
  isAdaptive: Schema.Boolean,
  /** The fixed limit; `null` while it is learned, or there is none. */
  maxConcurrent: Limit,
  /** What is enforced now; `null` for no limit. */
  effectiveLimit: Limit,
}

/** The limit of a channel or an account. Source: S6. */
export const LimitAnswer = Schema.Struct({ id: Schema.String, ...limitFields })
export type LimitAnswer = typeof LimitAnswer.Type

/** Such a limit after it was made another, and what it was before. Source: S6. */
export const ChangedLimitAnswer = Schema.Struct({
  ...LimitAnswer.fields,
  previousMode: Schema.Literals(["adaptive", "fixed"]),
})
export type ChangedLimitAnswer = typeof ChangedLimitAnswer.Type

/** A channel or an account whose limit is learned. Source: S6. */
export const ListedAnswer = Schema.Struct({
  id: Schema.String,
  /** What people read: the id where it has no name. */
  name: Schema.String,
  /** Its own id, of a channel. */
  channel: Schema.String,
  ...limitFields,
  learnedLimit: Limit,
  concurrency429Count: Schema.Int,
  rpm429Count: Schema.Int,
})
export type ListedAnswer = typeof ListedAnswer.Type

const adjustment = { at: Schema.Int, from: Schema.Int, to: Schema.Int, reason: Schema.String }

/** What a channel or an account knows of its limit. Source: S6. */
export const StatsAnswer = Schema.Struct({
  id: Schema.String,
  kind: Schema.Literals(["account", "channel"]),
  adaptiveMode: Schema.Boolean,
  maxConcurrent: Limit,
  effectiveLimit: Limit,
  /** What was learned so far, also while the limit is a fixed one; `null` for nothing. */
  learnedLimit: Limit,
  concurrent429Count: Schema.Int,
  rpm429Count: Schema.Int,
  last429At: Schema.NullOr(Schema.Int),
  last429Type: Schema.NullOr(Schema.String),
  /** All that ever were. */
  adjustmentCount: Schema.Int,
  /** The last five, the newest first. */
  recentAdjustments: Schema.Array(Schema.Struct(adjustment)),
  /** How many attempts have told something since the last adjustment, and what is in flight now. */
  window: Schema.Struct({
    samples: Schema.Int,
    inFlight: Schema.Int,
    utilization: Schema.NullOr(Schema.Finite),
  }),
})
export type StatsAnswer = typeof StatsAnswer.Type

/** All limits that are learned, in one. Source: S6. */
export const SummaryAnswer = Schema.Struct({
  adaptiveCount: Schema.Int,
  concurrent429Count: Schema.Int,
  rpm429Count: Schema.Int,
  adjustmentCount: Schema.Int,
  /** The newest first: at most three of one limit, ten in all. */
  recentAdjustments: Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.String, ...adjustment })),
})
export type SummaryAnswer = typeof SummaryAnswer.Type

/** What was forgotten. Source: S6. */
export const ForgottenAnswer = Schema.Struct({ id: Schema.String, message: Schema.String })
