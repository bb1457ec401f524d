import { errorText } from "@sluice/infra/process/error-text.ts"
import { Runtime, Schema } from "effect"

/** A command could not do what it was asked for; its message says in one line why, and what to do about it. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  message: Schema.String,
}) {
  /** The message is printed as it is, without the trace of a defect. */
  override readonly [Runtime.errorReported] = false
}

/** Makes a failure of what a service or a library threw: its own words. */
export const failedWith = (error: unknown): CommandFailed => new CommandFailed({ message: errorText(error) })
