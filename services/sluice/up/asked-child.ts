import type { ChildProcess } from "node:child_process"
import type { FailingWrites } from "@sluice/infra/event-log/failing-writes.ts"
import { Answered, type Asked } from "@sluice/infra/process/supervised.ts"
import { Effect, Schema } from "effect"

const isAnswered = Schema.is(Answered)
const question: typeof Asked.Type = { asked: "do you work?" }

/** Makes the question to a child whether it works, which resolves with its answer; `onWrites` hears with each how its writes to the log fare, and `null` when it has ended. */
export const askChild = (
  child: ChildProcess,
  onWrites: (failing: FailingWrites | null) => void = () => undefined,
): Effect.Effect<void> => {
  child.on("message", (message) => {
    if (isAnswered(message)) onWrites(message.failingWrites)
  })
  child.once("exit", () => onWrites(null))
  return Effect.callback<void>((resume) => {
    const listen = (message: unknown): void => {
      if (!isAnswered(message)) return
      child.off("message", listen)
      resume(Effect.void)
    }
    child.on("message", listen)
    // The end of a child is noticed elsewhere.
    if (child.connected) child.send(question, () => undefined)
    return Effect.sync(() => child.off("message", listen))
  })
}
