import type { Operation, OperationAnswer } from "@sluice/infra/operations/operation.ts"
import { Effect, Schema } from "effect"
import { CommandFailed, failedWith } from "./failure.ts"
import { logUrlOf } from "./running.ts"

/** Who operates by this command line, as facts name it. */
export const operator = "api:command-line"

/** Asks the actors that run on a data directory, or behind `NATS_URL`, for an operation. Fails: with a line that says why it was not done. */
export const askRunning = Effect.fnUntraced(function* (
  data: string,
  operation: Operation,
): Effect.fn.Return<OperationAnswer, CommandFailed> {
  const url = process.env["NATS_URL"] || (yield* logUrlOf(data, "operator"))
  const { askOperation } = yield* Effect.promise(() => import("@sluice/infra/operations/operations.ts"))
  const answer = yield* Effect.tryPromise({ try: () => askOperation(url, operation), catch: failedWith })
  return answer.ok ? answer : yield* new CommandFailed({ message: answer.message })
})

/** Reads the value of an answer. Fails: with a line where the process that answered is of another version. */
export const valueIn = <A>(
  shape: Schema.Codec<A>,
  { value }: OperationAnswer,
): Effect.Effect<A, CommandFailed> =>
  Schema.decodeUnknownEffect(shape)(value).pipe(
    Effect.mapError(
      () =>
        new CommandFailed({ message: "what runs is of another version than this command: start it again" }),
    ),
  )
