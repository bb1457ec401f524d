import { Schema } from "effect"
import { ChangedBy, Count, fact, TimeMs } from "./field.ts"

/**
 * Makes the fact that a stored commit was set aside because it cannot be folded; `facts` take its place.
 *
 * Shape: `subject`, `commit` and `sequence` name the message; `version`, `epoch`, `committedAt` and `writtenBy` are what the commit says, or what its place tells where it does not;
 * `left` says what was left out and why; `isReadable` tells whether the commit could be decoded, so that tables have its rows already.
 * Source: L11.
 */
export const repairFact = <const Fact extends Schema.Top>(happened: Fact) =>
  fact("commit.repaired", {
    subject: Schema.String,
    commit: Schema.String,
    sequence: Count,
    version: Count,
    epoch: Count,
    committedAt: TimeMs,
    /** The same time by the machine's clock, where the commit tells it. */
    wallAt: Schema.optionalKey(TimeMs),
    writtenBy: Schema.String,
    isReadable: Schema.Boolean,
    reason: Schema.String,
    by: ChangedBy,
    facts: Schema.Array(happened),
    left: Schema.Array(Schema.String),
  })
