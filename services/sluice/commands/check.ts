import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { jsonFlag } from "../flags.ts"

/** Validates a configuration file. Source: S4. */
export const checkCommand = Command.make(
  "check",
  {
    file: Argument.String("file").pipe(Argument.withDescription("Configuration file, such as sluice.yaml")),
    json: jsonFlag,
  },
  Effect.fnUntraced(function* ({ file, json }) {
    const { check } = yield* Effect.promise(() => import("../check.ts"))
    yield* check(file, json)
  }),
).pipe(
  Command.withDescription(
    "Validate a configuration file with the secrets that it refers to: one line a problem, exit status 1 if there is one.",
  ),
  Command.withShortDescription("Validate a configuration file"),
  Command.withExamples([
    { command: "sluice check sluice.yaml", description: "Problems, warnings, and what was understood" },
    { command: "sluice check sluice.yaml --json", description: "The same for a program" },
  ]),
)
