import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dataFlag, jsonFlag } from "../flags.ts"

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** Plays recorded traffic through the running proxy. */
export const traceCommand = Command.make(
  "trace",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription("CSV file with the columns TIMESTAMP,ContextTokens,GeneratedTokens"),
    ),
    speed: Flag.Finite("speed").pipe(
      Flag.withSchema(Schema.Finite.check(Schema.isGreaterThan(0))),
      Flag.withDescription(
        "How many times faster than recorded; the providers' times are divided by it too (default: 60, an hour in a minute)",
      ),
      Flag.withDefault(60),
    ),
    limit: Flag.Int("limit").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isGreaterThan(0))),
      Flag.withMetavar("N"),
      Flag.withDescription("Only the first N requests (default: all)"),
      Flag.optional,
    ),
    model: Flag.String("model").pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription("The model that is asked for (default: demo-gpt)"),
      Flag.withDefault("demo-gpt"),
    ),
    protocol: Flag.Literals("protocol", ["openai", "anthropic"]).pipe(
      Flag.withDescription("The protocol of the requests (default: openai)"),
      Flag.withDefault("openai"),
    ),
    streaming: Flag.Finite("streaming").pipe(
      Flag.withSchema(Share),
      Flag.withMetavar("SHARE"),
      Flag.withDescription("The part of the requests that ask for a stream, 0 to 1 (default: 0.5)"),
      Flag.withDefault(0.5),
    ),
    url: Flag.String("url").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription("The proxy (default: the one that runs on the data directory)"),
      Flag.optional,
    ),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* ({ limit, url, data, ...input }) {
    const { trace } = yield* Effect.promise(() => import("../trace/trace.ts"))
    yield* trace({
      ...input,
      limit: Option.getOrUndefined(limit),
      url: Option.getOrUndefined(url),
      dataDirectory: data,
    })
  }),
).pipe(
  Command.withDescription(
    "Play recorded traffic through the running proxy against its simulated providers, open loop: each request is sent at its recorded time, whatever became of the others. Then report what the tables hold of it.",
  ),
  Command.withShortDescription("Play recorded traffic through the proxy"),
  Command.withExamples([
    {
      command: "sluice trace test/traces/azure-llm-2023-code.csv",
      description: "A recorded hour of production traffic in one minute",
    },
    {
      command: "sluice trace test/traces/azure-llm-2023-code.csv --speed 600 --limit 500 --json",
      description: "Its first 500 requests, quickly, for a program",
    },
    {
      command:
        "sluice trace test/traces/azure-llm-2023-code.csv --model demo-claude --protocol anthropic --streaming 1",
      description: "As streams of the other provider",
    },
  ]),
)
