import { Schema } from "effect"

/** A subject that stands still until it is opened again. Source: L11. */
export const StoppedAnswer = Schema.Struct({
  actor: Schema.String,
  reason: Schema.String,
  /** The commit that cannot be folded; `null` where it is none. */
  commit: Schema.NullOr(Schema.String),
  sequence: Schema.NullOr(Schema.Int),
})
export type StoppedAnswer = typeof StoppedAnswer.Type

/** A commit that was set aside, or a lost end that was accepted, or would be. Source: L8, L11. */
export const RepairAnswer = Schema.Struct({
  subject: Schema.String,
  /** `null` where it is the end of the log that is lost. */
  commit: Schema.NullOr(Schema.String),
  sequence: Schema.Int,
  version: Schema.NullOr(Schema.Int),
  reason: Schema.String,
  /** How many of its facts hold. */
  kept: Schema.Int,
  /** What was left out and why. */
  left: Schema.Array(Schema.String),
})
export type RepairAnswer = typeof RepairAnswer.Type
