import { ChangedBy } from "@sluice/events/field.ts"
import { Schema } from "effect"

/** As the fact that comes of it names it. */
const by = ChangedBy
/** `account/<id>` or `channel/<id>`; an id alone is that of an account, else of a channel. */
const limited = Schema.String

/** The largest number that a limit can be set to. Source: S6. */
export const largestLimit = 1_000

/** A number that a limit can be set to. Source: S6. */
export const FixedLimit = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: largestLimit }))

/** What a window can have cost. Units: USD. */
export const WindowCostUsd = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

/** What an operator asks of actors that run. Source: C8, S6. */
export const Operation = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("reset"),
    /** `channel/<id>` or `account/<id>`. */
    actor: Schema.String,
    /** Of an account: what its window has cost. Units: USD. */
    windowCostUsd: Schema.optionalKey(WindowCostUsd),
    by,
  }),
  /** Asks for the subjects that stand still: a list of `StoppedAnswer`. Source: L11. */
  Schema.Struct({ type: Schema.Literal("stopped") }),
  /** Sets commits aside that cannot be folded, until the subject can be opened: a list of `RepairAnswer`. Source: L11. */
  Schema.Struct({
    type: Schema.Literal("repair"),
    /** `channel/<id>`, `ingress/<node>` or `configuration`. */
    actor: Schema.String,
    by,
    /** Only says what would be done with the first of them. */
    isTrial: Schema.Boolean,
  }),
  /** Makes the limit of a channel or an account a number, or one that is learned. */
  Schema.Struct({
    type: Schema.Literal("set_limit"),
    limited,
    limit: Schema.Union([FixedLimit, Schema.Literal("adaptive")]),
    by,
  }),
  /** Begins to learn such a limit anew. */
  Schema.Struct({ type: Schema.Literal("forget"), limited, by }),
  /** Asks for the accounts whose limit is learned, or the channels; of one channel or of all. */
  Schema.Struct({
    type: Schema.Literal("adaptive_list"),
    kind: Schema.Literals(["account", "channel"]),
    channel: Schema.NullOr(Schema.String),
  }),
  Schema.Struct({ type: Schema.Literal("adaptive_stats"), limited }),
  Schema.Struct({ type: Schema.Literal("adaptive_summary") }),
  /** Asks for what the actors of a subject hold: a `RunningState`. Source: R3. */
  Schema.Struct({ type: Schema.Literal("state"), subject: Schema.String }),
  /** Asks of each channel and account whether it would take a request: a list of `Diagnosis`. Source: R6. */
  Schema.Struct({ type: Schema.Literal("diagnose"), model: Schema.NullOr(Schema.String) }),
])
export type Operation = typeof Operation.Type

/** What came of it: in words, and as a value where one was asked for. */
export const OperationAnswer = Schema.Struct({
  ok: Schema.Boolean,
  message: Schema.String,
  value: Schema.optionalKey(Schema.Unknown),
})
export type OperationAnswer = typeof OperationAnswer.Type
