import { errorText } from "@sluice/infra/process/error-text.ts"
import { Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { dataFlag, jsonFlag } from "../flags.ts"
import { parseWhen, whenForms } from "../when.ts"

const instantFlag = (name: "from" | "to", about: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("TIME"),
    Flag.withDescription(about),
    Flag.mapTryCatch(
      (text) => parseWhen(text, Date.now()),
      (error) => errorText(error),
    ),
    Flag.optional,
  )

/** Runs recorded demand under another configuration. Source: R4. */
export const whatIfCommand = Command.make(
  "what-if",
  {
    config: Flag.String("config").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("The other configuration, such as other.yaml; its prices are used"),
    ),
    from: instantFlag("from", `Requests that arrived from this time on: ${whenForms} (default: all)`),
    to: instantFlag("to", "Requests that arrived up to this time (default: now)"),
    seed: Flag.Int("seed").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
      Flag.withMetavar("N"),
      Flag.withDescription("What is drawn; the same seed gives the same bytes (default: 1)"),
      Flag.withDefault(1),
    ),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* (input) {
    const { whatIf } = yield* Effect.promise(() => import("../what-if/what-if.ts"))
    yield* whatIf({
      configFile: input.config,
      fromMs: Option.getOrNull(input.from),
      toMs: Option.getOrNull(input.to),
      seed: input.seed,
      json: input.json,
      dataDirectory: input.data,
      natsUrl: process.env["NATS_URL"] || undefined,
    })
  }),
).pipe(
  Command.withDescription(
    [
      "Run the recorded demand in virtual time, by the same actors and routing, under another configuration.",
      "Beside what was recorded it shows the same demand run again as it was configured: where these two",
      "differ, less of the rest is to be believed. NATS_URL names another log than that of the data directory.",
      "",
      "What is assumed:",
      "- Clients send what they sent, when they sent it, and stay as long as they did.",
      "- A request takes as long as it did; on another channel, or where it was never answered, as long as",
      "  others of its model did (there, if 20 are known).",
      "- A provider takes as many at once as its answers tell, more or fewer over time, and any number above",
      "  what was seen. Its limits per minute are those that it states or that explain its rejections best.",
      "  It fails when it failed. What nothing explains of its rejections comes as often, evenly.",
      "- An account that is not in the log is like the busiest one of its channel; a channel that is not",
      "  takes everything.",
      "- A run begins with nothing in flight or cooling. The one as it was configured begins with the limits",
      "  that were learned by then, and what changed in the configuration meanwhile changes in it too;",
      "  resets by hand are part of both.",
    ].join("\n  "),
  ),
  Command.withShortDescription("Run recorded demand under another configuration"),
  Command.withExamples([
    {
      command: "sluice what-if --config other.yaml --from 1h",
      description: "The last hour under other limits",
    },
    {
      command: "sluice what-if --config other.yaml --from 2026-11-20T07:00Z --to 2026-11-20T19:00Z --json",
      description: "A day, for a program",
    },
  ]),
)
