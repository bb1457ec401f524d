import type { Contestant, ContestantName, Settled } from "./contestants/contestant.ts"
import { median } from "./figures.ts"

/** What came of all rounds. */
export interface Turns<Result> {
  /** The median of each figure over a contestant's rounds. */
  readonly medians: ReadonlyArray<Result & { readonly contestant: ContestantName }>
  /** What was left to be done after each round. */
  readonly settled: ReadonlyArray<Settled>
}

/**
 * Measures the contestants in turn, each round beginning with another.
 *
 * So what else the machine does for a while hits all of them, and nobody is always the one after the same other. What a round leaves behind is waited for.
 */
export const inTurns = async <Result extends { readonly [Figure in keyof Result]: number }>(
  contestants: ReadonlyArray<Contestant>,
  rounds: number,
  measure: (contestant: Contestant) => Promise<Result>,
): Promise<Turns<Result>> => {
  const results = contestants.map((): Array<Result> => [])
  const settled: Array<Settled> = []
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < contestants.length; turn++) {
      const at = (round + turn) % contestants.length
      const contestant = contestants[at]
      if (contestant === undefined) continue
      contestant.begin?.()
      results[at]?.push(await measure(contestant))
      settled.push(await contestant.settled())
    }
  return {
    settled,
    medians: contestants.map(({ name }, at) => ({ ...mediansOf(results[at] ?? []), contestant: name })),
  }
}

const mediansOf = <Result extends { readonly [Figure in keyof Result]: number }>(
  results: ReadonlyArray<Result>,
): Result => {
  const figures = Object.keys(results[0] ?? {}) as Array<keyof Result>
  const entries = figures.map((figure) => [figure, median(results.map((result) => result[figure]))])
  return Object.fromEntries(entries) as Result
}
