import { writeFile } from "node:fs/promises"
import { styleText } from "node:util"
import { print } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { type Algorithm, algorithms } from "@sluice/simulation/algorithm-name.ts"
import { availableAlgorithms } from "@sluice/simulation/algorithm.ts"
import { plotRun } from "@sluice/simulation/plot/plot-run.ts"
import { compare, type Comparison, runsOf } from "@sluice/simulation/report/compare.ts"
import { sampleScenario } from "@sluice/simulation/run-scenario.ts"
import { readScenario, scenarioNames } from "@sluice/simulation/scenario/read-scenario.ts"
import type { NamedScenario } from "@sluice/simulation/scenario/scenario.ts"
import { Effect } from "effect"
import { CommandFailed, failedWith } from "../failure.ts"
import { formatComparison, markdownComparison } from "./format-comparison.ts"
import { csvComparison, jsonComparison } from "./machine-output.ts"
import { showProgress } from "./progress.ts"

/** What is to be simulated, and how it is shown. */
export interface SimulateOptions {
  readonly scenario: ReadonlyArray<string>
  readonly algorithm: ReadonlyArray<Algorithm | "all">
  readonly seeds: number
  readonly seed: number
  readonly workers: number | undefined
  readonly list: boolean
  readonly json: boolean
  readonly csv: boolean
  readonly markdown: boolean
  readonly plot: string | undefined
}

/** Runs scenarios in virtual time and prints what came of them. Fails: with one line. Source: F8. */
export const simulate = Effect.fnUntraced(function* (options: SimulateOptions) {
  const names = options.scenario.length === 0 ? yield* attempt(scenarioNames) : options.scenario
  const scenarios = yield* attempt(() => Promise.all(names.map(readScenario)))
  if (options.list) return list(scenarios, options.json)
  const chosen = yield* chosenAlgorithms(options.algorithm)
  const seeds = Array.from({ length: options.seeds }, (_, at) => options.seed + at)
  if (options.plot !== undefined) return yield* plot(options.plot, { scenarios, algorithms: chosen, seeds })
  yield* compareAll({ scenarios, algorithms: chosen, seeds }, options)
})

const attempt = <A>(run: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, CommandFailed> =>
  Effect.tryPromise({ try: run, catch: failedWith })

const list = (scenarios: ReadonlyArray<NamedScenario>, json: boolean): void => {
  if (json) return void print(`${JSON.stringify(scenarios)}\n`)
  const width = Math.max(...scenarios.map(({ name }) => name.length))
  for (const { name, about } of scenarios)
    print(`${styleText("bold", visible(name).padEnd(width))}  ${visible(about)}\n`)
}

/** Those that are asked for; of all, those that this version knows. */
const chosenAlgorithms = (
  asked: SimulateOptions["algorithm"],
): Effect.Effect<ReadonlyArray<Algorithm>, CommandFailed> => {
  const available = availableAlgorithms()
  if (asked.includes("all")) return Effect.succeed(available)
  const wanted = asked.length === 0 ? ["bracket", "oracle"] : asked
  const unknown = wanted.find((one) => !available.some((known) => known === one))
  if (unknown !== undefined)
    return Effect.fail(
      new CommandFailed({
        message: `the algorithm ${unknown} is not in this version: use ${available.join(", ")}`,
      }),
    )
  return Effect.succeed(algorithms.filter((one) => wanted.includes(one)))
}

const samplesPerPlot = 900

const plot = Effect.fnUntraced(function* (
  file: string,
  { scenarios, algorithms: chosen, seeds }: Comparison,
) {
  const [scenario, otherScenario] = scenarios
  const [algorithm, otherAlgorithm] = chosen
  const [seed = 1] = seeds
  const isOne = otherScenario === undefined && otherAlgorithm === undefined
  if (scenario === undefined || algorithm === undefined || !isOne)
    return yield* new CommandFailed({
      message: "a plot shows one run: name one --scenario and one --algorithm",
    })
  const everyMs = Math.max(1, Math.round((scenario.durationS * 1000) / samplesPerPlot))
  const { samples } = yield* attempt(() => sampleScenario({ scenario, algorithm, seed }, everyMs))
  const title = `${scenario.name}, ${algorithm}, seed ${seed}`
  yield* attempt(() => writeFile(file, plotRun({ title, about: scenario.about, samples })))
  print(`${file}\n`)
})

const compareAll = Effect.fnUntraced(function* (comparison: Comparison, options: SimulateOptions) {
  const runs = runsOf(comparison)
  const virtualS = runs.reduce((sum, { scenario }) => sum + scenario.durationS, 0)
  const progress = showProgress({ virtualS, runs: runs.length })
  const compared = yield* attempt((signal) =>
    compare(comparison, {
      signal,
      ...(options.workers === undefined ? {} : { workers: options.workers }),
      onDone: ({ scenario }) => progress.add(scenario.durationS),
    }),
  ).pipe(Effect.ensuring(Effect.sync(progress.end)))
  if (options.json) print(jsonComparison(compared))
  else if (options.csv) print(csvComparison(compared))
  else if (options.markdown) print(markdownComparison(compared))
  else print(formatComparison(compared, process.stdout.isTTY && process.stdout.hasColors()))
})
