import { print } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { askRunning, operator } from "../ask-running.ts"
import { dataFlag } from "../flags.ts"

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
    const answer = yield* askRunning(data, { type: "reset", actor, by: operator })
    print(`${visible(answer.message)}\n`)
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
