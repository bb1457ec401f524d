import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { CommandFailed, failedWith } from "../failure.ts"
import { dataFlag } from "../flags.ts"
import { requireRunning } from "../running.ts"

/** Clears what stands in an actor's way. Source: C8. */
export const resetCommand = Command.make(
  "reset",
  {
    actor: Argument.String("actor").pipe(
      Argument.withDescription("channel/ID, with all of its accounts, or account/ID"),
    ),
    data: dataFlag,
  },
  Effect.fnUntraced(function* ({ actor, data }) {
    const url = process.env["NATS_URL"] || ((yield* requireRunning(data)).nats?.url ?? "")
    const { askOperation } = yield* Effect.promise(() => import("@sluice/infra/operations/operations.ts"))
    const answer = yield* Effect.tryPromise({
      try: () => askOperation(url, { type: "reset", actor, by: "api:command-line" }),
      catch: failedWith,
    })
    if (!answer.ok) return yield* new CommandFailed({ message: answer.message })
    process.stdout.write(`${answer.message}\n`)
  }),
).pipe(
  Command.withDescription(
    "Clear the cooldown, the counters, the recovery and the suspension of an account, or of a channel and all of its accounts, at once. It is a fact in the log.",
  ),
  Command.withShortDescription("Clear a cooldown, a recovery or a suspension"),
  Command.withExamples([
    { command: "sluice reset account/openai-main", description: "Let one account be used again" },
    { command: "sluice reset channel/openai", description: "The same for a channel and all of its accounts" },
  ]),
)
