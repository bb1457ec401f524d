import { Schema } from "effect"

/** What an operator asks of an actor that runs. Source: C8. */
export const Operation = Schema.Struct({
  type: Schema.Literal("reset"),
  /** `channel/<id>` or `account/<id>`. */
  actor: Schema.String,
  by: Schema.String,
})
export type Operation = typeof Operation.Type

/** What came of it, in words. */
export const OperationAnswer = Schema.Struct({ ok: Schema.Boolean, message: Schema.String })
export type OperationAnswer = typeof OperationAnswer.Type
