import { Schema } from "effect"

/** A history cannot be shown; the message says in one line why. */
export class ReplayFailed extends Schema.TaggedError<ReplayFailed>()("ReplayFailed", {
  message: Schema.String,
}) {}
