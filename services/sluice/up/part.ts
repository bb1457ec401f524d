import { Schema, type Effect } from "effect"

/** A part could not be started. Its message is one line for the operator. */
export class PartFailed extends Schema.TaggedError<PartFailed>()("PartFailed", {
  part: Schema.String,
  reason: Schema.String,
}) {
  override get message(): string {
    return this.reason
  }
}

/** What is wrong with a part that lives, and how it is ended. */
export interface Broken {
  readonly reason: string
  readonly end: Effect.Effect<void>
}

/** A part that is ready. */
export interface RunningPart<Info> {
  readonly pid: number
  /** What it told when it was ready. */
  readonly info: Info
  /** Waits until it has ended, and says how. */
  readonly ended: Effect.Effect<string>
  /** Waits until it does not do any more what it is for, although it lives. */
  readonly broken: Effect.Effect<Broken>
  /** Asks it to end and waits until it has; it is ended by force when its time is over. */
  readonly stop: Effect.Effect<void>
}

/** A process that is kept running: how it is called, and how it is started. */
export interface Part<Info> {
  readonly name: string
  /** Waits until the part is ready; leaves nothing behind when it fails or is interrupted. */
  readonly start: Effect.Effect<RunningPart<Info>, PartFailed>
}
