import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import {
  adoptLogFlag,
  dataFlag,
  endsBySignal,
  hostFlag,
  logLevelFlag,
  natsFlag,
  portFlag,
  setLogLevel,
  urlOr,
} from "../flags.ts"

/** Starts the proxy alone. Source: S3. */
export const ingressCommand = Command.make(
  "ingress",
  {
    config: Flag.String("config").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Configuration file (default: sluice.yaml)"),
      Flag.withDefault("sluice.yaml"),
    ),
    nats: natsFlag,
    data: dataFlag,
    port: portFlag("of the proxy", 8787),
    host: hostFlag,
    logLevel: logLevelFlag,
  },
  Effect.fnUntraced(function* (input) {
    yield* endsBySignal
    yield* setLogLevel(input.logLevel)
    const { runIngress } = yield* Effect.promise(() => import("../up/single.ts"))
    yield* runIngress({ ...input, nats: yield* urlOr(input.nats, { flag: "nats", variable: "NATS_URL" }) })
  }),
).pipe(
  Command.withDescription("Start the proxy alone, with its log on a NATS server that runs elsewhere."),
  Command.withShortDescription("Start the proxy alone"),
  Command.withExamples([
    { command: "sluice ingress --nats nats://log:4222 --config sluice.yaml", description: "On port 8787" },
  ]),
)

/** Starts the projector alone. Source: S3, P1. */
export const projectorCommand = Command.make(
  "projector",
  {
    nats: natsFlag,
    clickhouse: Flag.String("clickhouse").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription(
        "ClickHouse server, such as http://host:8123 (default: the variable CLICKHOUSE_URL, where a password belongs, else an engine of its own in the data directory)",
      ),
      Flag.optional,
    ),
    data: dataFlag,
    adoptLog: adoptLogFlag,
    port: portFlag("for questions", 8789),
    logLevel: logLevelFlag,
  },
  Effect.fnUntraced(function* (input) {
    yield* endsBySignal
    yield* setLogLevel(input.logLevel)
    const { runProjector } = yield* Effect.promise(() => import("../up/single.ts"))
    yield* runProjector({
      ...input,
      nats: yield* urlOr(input.nats, { flag: "nats", variable: "NATS_URL" }),
      clickHouse: yield* urlOr(input.clickhouse, { flag: "clickhouse", variable: "CLICKHOUSE_URL" }),
      adoptedLog: Option.getOrUndefined(input.adoptLog),
    })
  }),
).pipe(
  Command.withDescription(
    "Start the projector alone: it reads the log from NATS and writes the tables of ClickHouse.",
  ),
  Command.withShortDescription("Start the projector alone"),
  Command.withExamples([
    {
      command: "sluice projector --nats nats://log:4222 --clickhouse http://tables:8123",
      description: "Between two servers that run elsewhere",
    },
  ]),
)
