import { Schema } from "effect"
import { FailingWrites, type WriteWatch } from "../event-log/failing-writes.ts"

/** What the supervisor asks a process over its IPC channel, once a second. */
export const Asked = Schema.Struct({ asked: Schema.Literal("do you work?") })

/** What a process whose event loop turns answers; `failingWrites` is `null` where what it writes to the log is taken. */
export const Answered = Schema.Struct({
  answered: Schema.Literal("yes"),
  failingWrites: Schema.NullOr(FailingWrites),
})
export type Answered = typeof Answered.Type

const isAsked = Schema.is(Asked)

/** Answers the supervisor from now on, also while the process starts; does nothing in a process that has none. Source: S2. */
export const answerSupervisor = (writes: WriteWatch): void => {
  process.on("message", (message) => {
    if (!isAsked(message)) return
    const answer: Answered = { answered: "yes", failingWrites: writes.failing ?? null }
    // A supervisor that is gone needs no answer.
    process.send?.(answer, undefined, undefined, () => undefined)
  })
}
