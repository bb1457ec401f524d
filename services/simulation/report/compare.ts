import type { Algorithm } from "../algorithm-name.ts"
import type { Figures } from "../figures/figures.ts"
import { runAll, type RunAllOptions } from "../parallel/run-all.ts"
import type { Run } from "../run-scenario.ts"
import type { NamedScenario } from "../scenario/scenario.ts"
import { type Judged, judge } from "./bars.ts"
import { medianFigures } from "./median.ts"

/** A run of a scenario that has a name. */
export interface NamedRun extends Run {
  readonly scenario: NamedScenario
}

/** What one algorithm came to in one scenario. */
export interface Compared {
  readonly scenario: NamedScenario
  readonly algorithm: Algorithm
  readonly seeds: ReadonlyArray<number>
  /** One for each seed. */
  readonly runs: ReadonlyArray<Figures>
  readonly median: Figures
  readonly judged: ReadonlyArray<Judged>
}

/** What is to be compared. */
export interface Comparison {
  readonly scenarios: ReadonlyArray<NamedScenario>
  readonly algorithms: ReadonlyArray<Algorithm>
  readonly seeds: ReadonlyArray<number>
}

/** Lists the runs of a comparison. */
export const runsOf = ({ scenarios, algorithms, seeds }: Comparison): ReadonlyArray<NamedRun> =>
  scenarios.flatMap((scenario) =>
    algorithms.flatMap((algorithm) => seeds.map((seed) => ({ scenario, algorithm, seed }))),
  )

/** Runs every algorithm in every scenario with every seed, on all processors. Source: F8, F9. */
export const compare = async (
  comparison: Comparison,
  options: RunAllOptions<NamedRun> = {},
): Promise<ReadonlyArray<Compared>> => {
  const { scenarios, algorithms, seeds } = comparison
  const figures = await runAll(runsOf(comparison), options)
  return scenarios.flatMap((scenario, row) =>
    algorithms.map((algorithm, column) => {
      const first = (row * algorithms.length + column) * seeds.length
      const runs = figures.slice(first, first + seeds.length)
      const median = medianFigures(runs)
      return { scenario, algorithm, seeds, runs, median, judged: judge(median, scenario.bars) }
    }),
  )
}
