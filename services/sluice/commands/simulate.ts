import { algorithms } from "@sluice/simulation/algorithm-name.ts"
import { Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { jsonFlag } from "../flags.ts"

const yes = (name: string, description: string) =>
  Flag.Boolean(name).pipe(
    Flag.withDescription(`${description} (default: no)`),
    Flag.withDefault(false),
    Flag.withoutNegation,
  )

/** Compares ways to find out a provider's limit, in virtual time. Source: F8. */
export const simulateCommand = Command.make(
  "simulate",
  {
    scenario: Flag.String("scenario").pipe(
      Flag.withMetavar("NAME|FILE"),
      Flag.withDescription(
        "A scenario of the list, or a YAML file of your own; may be repeated (default: all)",
      ),
      Flag.atLeast(0),
    ),
    algorithm: Flag.Literals("algorithm", [...algorithms, "all"]).pipe(
      Flag.withDescription(
        "How the limit is found; may be repeated; oracle knows it (default: bracket and oracle)",
      ),
      Flag.atLeast(0),
    ),
    seeds: Flag.Int("seeds").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 }))),
      Flag.withMetavar("N"),
      Flag.withDescription("How often each is run; the figures are medians (default: 5)"),
      Flag.withDefault(5),
    ),
    seed: Flag.Int("seed").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
      Flag.withMetavar("N"),
      Flag.withDescription("The first seed; the same seed gives the same figures (default: 1)"),
      Flag.withDefault(1),
    ),
    workers: Flag.Int("workers").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 256 }))),
      Flag.withMetavar("N"),
      Flag.withDescription("How many run at once (default: one for each processor)"),
      Flag.optional,
    ),
    list: yes("list", "List the scenarios"),
    json: jsonFlag,
    csv: yes("csv", "Print CSV, a line a run"),
    markdown: yes("markdown", "Print the table as Markdown"),
    plot: Flag.String("plot").pipe(
      Flag.withMetavar("FILE.svg"),
      Flag.withDescription(
        "Draw one run: the true limit, the one in force, what is in flight and the 429s over time (default: none)",
      ),
      Flag.optional,
    ),
  },
  Effect.fnUntraced(function* ({ workers, plot, ...input }) {
    const { simulate } = yield* Effect.promise(() => import("../simulate/simulate.ts"))
    yield* simulate({
      ...input,
      workers: Option.getOrUndefined(workers),
      plot: Option.getOrUndefined(plot),
    })
  }),
).pipe(
  Command.withDescription(
    "Run the proxy's own actors and routing in virtual time against providers that hide their limits, and say what each way to find a limit comes to: the provider's 429s per 1 000 attempts, the use of the true limit, and how long it takes to come near it.",
  ),
  Command.withShortDescription("Compare ways to find a provider's limit"),
  Command.withExamples([
    { command: "sluice simulate --list", description: "Which scenarios there are" },
    {
      command: "sluice simulate --scenario cold-start-40 --algorithm bracket --algorithm aimd",
      description: "Two ways in one scenario",
    },
    {
      command: "sluice simulate --scenario mine.yaml --seeds 30 --csv",
      description: "A scenario of your own, a line a run",
    },
    {
      command: "sluice simulate --scenario 40-15-60 --algorithm bracket --plot run.svg",
      description: "One run over time, as a picture",
    },
  ]),
)
