import { print } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { askRunning, operator } from "../ask-running.ts"
import { dataFlag } from "../flags.ts"

/** Clears what stands in an actor's way. Source: C8. */
export const resetCommand = Command.make(
  "reset",
  {
    actor: Argument.String("actor").pipe(
      Argument.withDescription("channel/ID, with all of its accounts, or account/ID"),
    ),
    windowCost: Flag.Finite("window-cost").pipe(
      Flag.withMetavar("USD"),
      Flag.withDescription(
        "Of an account: what its window of 5 hours has cost so far, by the provider's own word; 0 clears it",
      ),
      Flag.optional,
    ),
    data: dataFlag,
  },
  Effect.fnUntraced(function* ({ actor, windowCost, data }) {
    const correction = Option.isNone(windowCost) ? {} : { windowCostUsd: windowCost.value }
    const answer = yield* askRunning(data, { type: "reset", actor, ...correction, by: operator })
    print(`${visible(answer.message)}\n`)
  }),
).pipe(
  Command.withDescription(
    "Clear the cooldown, the counters, the recovery and the suspension of an account, and fill its buckets of requests and tokens, or do so for a channel and all of its accounts, at once. What a window of cost has counted is kept, unless --window-cost says what it should be. All of it are facts in the log.",
  ),
  Command.withShortDescription("Clear a cooldown, a recovery or a suspension"),
  Command.withExamples([
    { command: "sluice reset account/openai-main", description: "Let one account be used again" },
    {
      command: "sluice reset account/openai-main --window-cost 0",
      description: "The same, and its window has cost nothing so far",
    },
    { command: "sluice reset channel/openai", description: "The same for a channel and all of its accounts" },
  ]),
)
