import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dataFlag, endsBySignal, instantFlag, jsonFlag } from "../flags.ts"

/** Shows an actor as it was, and what changed it. Source: R1. */
export const replayCommand = Command.make(
  "replay",
  {
    actor: Argument.String("actor").pipe(
      Argument.withDescription(
        "channel/ID, account/ID, ingress/NODE, pool/ID, client/ID or settings/installation",
      ),
    ),
    at: instantFlag("at", "As it was at this time"),
    version: Flag.Int("version").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))),
      Flag.withMetavar("N"),
      Flag.withDescription("As the Nth commit of its channel or process left it (default: the newest)"),
      Flag.optional,
    ),
    from: instantFlag("from", "What changed it from this time on, step by step"),
    to: instantFlag("to", "With --from: up to this time (default: now)"),
    follow: Flag.Boolean("follow").pipe(
      Flag.withDescription("Go on with what happens, until Ctrl-C (default: no)"),
      Flag.withDefault(false),
      Flag.withoutNegation,
    ),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* (input) {
    if (input.follow) yield* endsBySignal
    const { replay } = yield* Effect.promise(() => import("../replay/replay.ts"))
    yield* replay({
      actor: input.actor,
      atMs: Option.getOrUndefined(input.at),
      version: Option.getOrUndefined(input.version),
      fromMs: Option.getOrUndefined(input.from),
      toMs: Option.getOrUndefined(input.to),
      follow: input.follow,
      json: input.json,
      dataDirectory: input.data,
      natsUrl: process.env["NATS_URL"] || undefined,
    })
  }),
).pipe(
  Command.withDescription(
    "Show an actor as it was: the states of its regions, all that is known of it, and what changed it at each step. It is folded from the log by the actors themselves. Times are UTC; --json prints one object a line.",
  ),
  Command.withShortDescription("Show an actor as it was"),
  Command.withExamples([
    { command: "sluice replay channel/demo-openai", description: "As it is now" },
    { command: "sluice replay account/demo-openai-1 --at 15m", description: "As it was 15 minutes ago" },
    {
      command: "sluice replay account/demo-openai-1 --from 2026-11-20T07:00Z --to 2026-11-20T07:05Z",
      description: "What changed in five minutes",
    },
    { command: "sluice replay channel/demo-openai --follow --json", description: "On and on, for a program" },
  ]),
)
