import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { dataFlag, jsonFlag } from "../flags.ts"

/** Tells the story of one request. Source: R2. */
export const explainCommand = Command.make(
  "explain",
  {
    request: Argument.String("request").pipe(
      Argument.withDescription("The id of the request: the header x-sluice-request-id of its answer"),
    ),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* ({ request, json, data }) {
    const { explain } = yield* Effect.promise(() => import("../explain/explain.ts"))
    yield* explain({
      request,
      json,
      dataDirectory: data,
      clickHouseUrl: process.env["CLICKHOUSE_URL"] || undefined,
    })
  }),
).pipe(
  Command.withDescription(
    "Tell the whole story of one request over all actors, in order: who was passed over and why, its waits, its leases, what the upstreams said, the cooldowns that it caused or met, its usage, its cost and its end.",
  ),
  Command.withShortDescription("Tell the story of one request"),
  Command.withExamples([
    { command: "sluice explain 01M8CAQR0HGCDFCY1QAHE01BTQ", description: "In sentences" },
    {
      command: "sluice explain 01M8CAQR0HGCDFCY1QAHE01BTQ --json",
      description: "With all of its facts, for a program",
    },
  ]),
)
