import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { dataFlag, jsonFlag } from "../flags.ts"

/** Says why nothing is served. Source: R6. */
export const doctorCommand = Command.make(
  "doctor",
  {
    model: Flag.String("model").pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription("Ask for this model (default: for any, with those that cool alone beside)"),
      Flag.optional,
    ),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* ({ model, json, data }) {
    const { doctor } = yield* Effect.promise(() => import("../doctor/doctor.ts"))
    yield* doctor({
      model: Option.getOrUndefined(model),
      json,
      dataDirectory: data,
      natsUrl: process.env["NATS_URL"] || undefined,
    })
  }),
).pipe(
  Command.withDescription(
    "Why is nothing served? For each channel and account: whether it would take a new request now, and if not why, until when, and what to do about it. Asked of the running actors.",
  ),
  Command.withShortDescription("Say why an account would refuse now"),
  Command.withExamples([
    { command: "sluice doctor", description: "Every channel and account" },
    { command: "sluice doctor --model demo-gpt --json", description: "For one model, for a program" },
  ]),
)
