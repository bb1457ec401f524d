import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dataFlag, jsonFlag } from "../flags.ts"

/** Sets commits aside that keep an actor closed. Source: L11. */
export const repairCommand = Command.make(
  "repair",
  {
    actor: Argument.String("actor").pipe(
      Argument.withDescription(
        "channel/ID, ingress/NODE or configuration (default: list what is closed, and why)",
      ),
      Argument.optional,
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("Only say which commit would be set aside, and what of it holds"),
      Flag.withDefault(false),
    ),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* ({ actor, dryRun, json, data }) {
    const { listStopped, repair } = yield* Effect.promise(() => import("../repair/repair.ts"))
    const named = Option.getOrUndefined(actor)
    yield* named === undefined
      ? listStopped({ json, dataDirectory: data })
      : repair({ actor: named, isTrial: dryRun, json, dataDirectory: data })
  }),
).pipe(
  Command.withDescription(
    "Open an actor that stays closed because a commit of its history cannot be read, or because the log has lost its end. The commit is set aside by a fact of its own: what can be read of it holds (leases, releases, usage with figures in their bounds), and every reader of the log goes by it from then on. Nothing is deleted. Where the log has lost its end, the actor goes on from what is left.",
  ),
  Command.withShortDescription("Set a commit aside that cannot be read"),
  Command.withExamples([
    { command: "sluice repair", description: "List what is closed, and why" },
    { command: "sluice repair channel/openai --dry-run", description: "Say what would be done" },
    { command: "sluice repair channel/openai", description: "Do it, and open the channel" },
  ]),
)
