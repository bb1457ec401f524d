import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dataFlag, instantFlag, jsonFlag } from "../flags.ts"

const passedOn = (name: string, metavar: string, about: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(about), Flag.optional)

/** Answers a question that has a name. Source: P7. */
export const queryCommand = Command.make(
  "query",
  {
    name: Argument.String("name").pipe(
      Argument.withDescription("Which question: usage, waits, window-cost, … (none: lists them)"),
      Argument.optional,
    ),
    list: Flag.Boolean("list").pipe(
      Flag.withDescription("List the questions (default: no)"),
      Flag.withDefault(false),
      Flag.withoutNegation,
    ),
    json: jsonFlag,
    last: passedOn(
      "last",
      "SPAN",
      "How far back: 90s, 15m, 24h or 7d (default: 24h; near-limit: 15m); adjustments: also how many, such as 20 (default: all)",
    ),
    from: instantFlag("from", "The first instant, in place of --last").pipe(Flag.map(Option.map(String))),
    to: instantFlag("to", "The last instant (default: now)").pipe(Flag.map(Option.map(String))),
    by: passedOn("by", "COLUMNS", "usage: what to group by, such as model,hour"),
    actor: passedOn(
      "actor",
      "NAME",
      "cooldowns, adjustments: only of this one, such as account/demo-openai-1",
    ),
    account: passedOn("account", "ID", "window-cost, sessions: only of this account, such as demo-openai-1"),
    request: passedOn("request", "ID", "request: whose commits, as x-sluice-request-id names it"),
    share: passedOn("share", "N", "near-limit: from which share of a limit on, 0 to 1 (default: 0.8)"),
    limit: passedOn("limit", "N", "cooldowns, sessions, window-cost: the most rows (default: 100)"),
    wait: passedOn(
      "wait",
      "head|N",
      "First wait, at most 30 s, until the tables hold the log up to its head or to a sequence (default: do not wait)",
    ),
    data: dataFlag,
  },
  Effect.fnUntraced(function* ({ name, list, json, data, ...parameters }) {
    const { query } = yield* Effect.promise(() => import("../query/query.ts"))
    yield* query({
      name: list ? undefined : Option.getOrUndefined(name),
      parameters: Object.fromEntries(
        Object.entries(parameters).flatMap(([key, value]) =>
          Option.isSome(value) ? [[key, value.value]] : [],
        ),
      ),
      json,
      dataDirectory: data,
      clickHouseUrl: process.env["CLICKHOUSE_URL"] || undefined,
    })
  }),
).pipe(
  Command.withDescription(
    "Ask what the tables hold: from the process that has them open, or else from the data directory itself. Units stand in the headings; times are UTC.",
  ),
  Command.withShortDescription("Ask for usage, waits, cooldowns"),
  Command.withExamples([
    { command: "sluice query --list", description: "Which questions there are" },
    {
      command: "sluice query usage --last 1h --by model",
      description: "Tokens and cost of the last hour by model",
    },
    {
      command: "sluice query waits --from 2026-11-20T07:00Z --to 2026-11-20T08:00Z",
      description: "Queues of one hour",
    },
    {
      command: "sluice query adjustments --actor account/openai-main --last 20",
      description: "How a learned limit has moved",
    },
    {
      command: "sluice query cooldowns --json --wait head",
      description: "For a program, with what just happened",
    },
  ]),
)
