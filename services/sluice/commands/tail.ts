import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { dataFlag, endsBySignal, instantFlag, jsonFlag } from "../flags.ts"

/** Shows facts as they happen. Source: R5. */
export const tailCommand = Command.make(
  "tail",
  {
    actor: Flag.String("actor").pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription(
        "Only of this actor: channel/openai-1, its id alone, or a kind such as account; may be repeated (default: all)",
      ),
      Flag.atLeast(0),
    ),
    type: Flag.String("type").pipe(
      Flag.withMetavar("TYPE"),
      Flag.withDescription(
        "Only of this type: channel.acquired, or acquired for every kind; may be repeated (default: all)",
      ),
      Flag.atLeast(0),
    ),
    from: instantFlag("from", "Begin at this time (default: now)"),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* (input) {
    yield* endsBySignal
    const { tail } = yield* Effect.promise(() => import("../tail/tail.ts"))
    yield* tail({
      actors: input.actor,
      types: input.type,
      fromMs: Option.getOrUndefined(input.from),
      json: input.json || !process.stdout.isTTY,
      dataDirectory: input.data,
      natsUrl: process.env["NATS_URL"] || undefined,
    })
  }),
).pipe(
  Command.withDescription(
    "Show facts as they happen, one a line, until Ctrl-C: readable on a terminal, JSON elsewhere. NATS_URL names another log than that of the data directory.",
  ),
  Command.withShortDescription("Show facts as they happen"),
  Command.withExamples([
    { command: "sluice tail", description: "Everything from now on" },
    {
      command: "sluice tail --type cooldown_started --type cooldown_ended --from 1h",
      description: "Cooldowns since an hour ago",
    },
    {
      command: "sluice tail --actor channel/demo-openai --json | head -20",
      description: "Twenty facts of one channel",
    },
  ]),
)
