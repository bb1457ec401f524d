import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { dataFlag, instantFlag, jsonFlag } from "../flags.ts"

/** Holds the log to its invariants. Source: R3. */
export const verifyCommand = Command.make(
  "verify",
  {
    from: instantFlag("from", "Judge only what happened from this time on (default: everything)"),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* ({ from, json, data }) {
    const { verify } = yield* Effect.promise(() => import("../verify/verify.ts"))
    yield* verify({
      fromMs: Option.getOrUndefined(from),
      json,
      dataDirectory: data,
      natsUrl: process.env["NATS_URL"] || undefined,
    })
  }),
).pipe(
  Command.withDescription(
    "Hold the log to its invariants: never above a limit, order within lanes, leases and usages once, cooldowns paired, versions without gaps, and what runs is what the log makes. Exit status 1, and the commits, if one does not hold.",
  ),
  Command.withShortDescription("Hold the log to its invariants"),
  Command.withExamples([
    { command: "sluice verify", description: "The whole log, and the actors that run" },
    {
      command: "sluice verify --from 1h --json",
      description: "What happened in the last hour, for a program",
    },
  ]),
)
