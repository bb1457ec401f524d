import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import {
  adoptLogFlag,
  dataFlag,
  endsBySignal,
  hostFlag,
  logLevelFlag,
  portFlag,
  setLogLevel,
} from "../flags.ts"

/** Starts everything. Source: S2, S3. */
export const upCommand = Command.make(
  "up",
  {
    config: Flag.String("config").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Configuration file (default: the demo, with simulated providers)"),
      Flag.optional,
    ),
    data: dataFlag,
    port: portFlag("of the proxy", 8787),
    host: hostFlag,
    adoptLog: adoptLogFlag,
    logLevel: logLevelFlag,
  },
  Effect.fnUntraced(function* (input) {
    yield* endsBySignal
    yield* setLogLevel(input.logLevel)
    const { up } = yield* Effect.promise(() => import("../up/up.ts"))
    yield* up({
      configuration: Option.getOrUndefined(input.config),
      dataDirectory: input.data,
      host: input.host,
      port: input.port,
      natsUrl: process.env["NATS_URL"] || undefined,
      adoptedLog: Option.getOrUndefined(input.adoptLog),
      clickHouseUrl: process.env["CLICKHOUSE_URL"] || undefined,
    })
  }),
).pipe(
  Command.withDescription(
    "Start the proxy with all that it needs, and keep it running until Ctrl-C. NATS_URL and CLICKHOUSE_URL turn the embedded log and tables into external ones.",
  ),
  Command.withShortDescription("Start everything"),
  Command.withExamples([
    { command: "sluice up", description: "The demo, on http://127.0.0.1:8787" },
    { command: "sluice up --config sluice.yaml", description: "Your own providers; the file is watched" },
    { command: "sluice up --port 9000 --data /tmp/other", description: "A second one beside it" },
    {
      command: "NATS_URL=nats://log:4222 sluice up --config sluice.yaml",
      description: "The log on a NATS of your own",
    },
  ]),
)
