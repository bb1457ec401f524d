import { execFileSync } from "node:child_process"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
// npm run simulate:faults: the product over a world that fails, seed after seed.
import { print } from "@sluice/infra/terminal/print.ts"
import { openProgressBar } from "@sluice/sluice/progress-bar.ts"
import { Effect, Layer, Option, Schema } from "effect"
import { CliConfig, Command, Flag, GlobalFlag } from "effect/cli"
import type { Mode } from "./fault-plan.ts"
import { formatFailure, formatSummary } from "./many/format-reports.ts"
import { runSeeds, type SeedRun } from "./many/run-seeds.ts"
import type { FaultReport } from "./run-faults.ts"

const count = (minimum: number) => Schema.Int.check(Schema.isGreaterThanOrEqualTo(minimum))

const simulateFaults = Command.make(
  "simulate:faults",
  {
    seeds: Flag.Int("seeds").pipe(
      Flag.withSchema(count(1)),
      Flag.withMetavar("N"),
      Flag.withDescription("How many seeds (default: 500)"),
      Flag.withDefault(500),
    ),
    seed: Flag.Int("seed").pipe(
      Flag.withSchema(count(0)),
      Flag.withMetavar("S"),
      Flag.withDescription("The first of them; the same seed gives the same run (default: 1)"),
      Flag.withDefault(1),
    ),
    mode: Flag.Literals("mode", ["safety", "liveness"]).pipe(
      Flag.withDescription(
        "safety: faults to the end; liveness: faults stop, and everything has to end (default: both)",
      ),
      Flag.optional,
    ),
    workers: Flag.Int("workers").pipe(
      Flag.withSchema(count(1)),
      Flag.withMetavar("N"),
      Flag.withDescription("How many run at once (default: one for each processor)"),
      Flag.optional,
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print a JSON report of every run (default: no)"),
      Flag.withDefault(false),
      Flag.withoutNegation,
    ),
  },
  Effect.fnUntraced(function* ({ seeds, seed, mode, workers, json }) {
    const modes: ReadonlyArray<Mode> = Option.match(mode, {
      onNone: () => ["safety", "liveness"],
      onSome: (one) => [one],
    })
    const runs = modes.flatMap((one) =>
      Array.from({ length: seeds }, (_, at): SeedRun => ({ seed: seed + at, mode: one })),
    )
    const sources = sourcesOf()
    const reports = yield* Effect.promise((signal) => runShown(runs, Option.getOrUndefined(workers), signal))
    show(reports, { json, sources })
  }),
).pipe(
  Command.withDescription(
    "Run the actor host, the log's client, the spool, routing, recovery and the projector over a network, a server, a disk, tables and providers that fail as a seed draws it, and hold every run to the invariants.",
  ),
  Command.withExamples([
    { command: "npm run simulate:faults", description: "500 seeds in both modes" },
    {
      command: "npm run simulate:faults -- --seeds 1 --seed 76 --mode liveness",
      description: "One run again",
    },
    { command: "npm run simulate:faults -- --seeds 20000 --seed 1000", description: "A night" },
  ]),
)

const runShown = async (
  runs: ReadonlyArray<SeedRun>,
  workers: number | undefined,
  signal: AbortSignal,
): Promise<ReadonlyArray<FaultReport>> => {
  const bar = openProgressBar({
    format: "{bar} {percentage}% | {value} of {total} runs | {failed} failed",
  })
  let done = 0
  let failed = 0
  bar.update(done, runs.length, { failed })
  try {
    return await runSeeds(runs, {
      signal,
      ...(workers === undefined ? {} : { workers }),
      onDone: ({ violations }) => {
        done += 1
        if (violations.length > 0) failed += 1
        bar.update(done, runs.length, { failed })
      },
    })
  } finally {
    bar.end()
  }
}

const show = (
  reports: ReadonlyArray<FaultReport>,
  { json, sources }: { readonly json: boolean; readonly sources: string },
): void => {
  const failures = reports.filter(({ violations }) => violations.length > 0)
  if (failures.length > 0) process.exitCode = 1
  if (json) {
    for (const report of reports) print(`${JSON.stringify(report)}\n`)
    return
  }
  for (const failure of failures) print(`${formatFailure(failure)}\n\n`)
  print(`${formatSummary(reports)}${sources}\n`)
}

/** A seed means a run of these sources only. */
const sourcesOf = (): string => {
  try {
    const commit = execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    })
    return `; sources at ${commit.trim()}`
  } catch {
    return ""
  }
}

NodeRuntime.runMain(
  Command.run(simulateFaults, { version: "0.1.0" }).pipe(
    Effect.provide(
      Layer.merge(
        NodeServices.layer,
        CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
      ),
    ),
  ),
  { teardown: (_exit, onExit) => onExit(Number(process.exitCode ?? 0)) },
)
