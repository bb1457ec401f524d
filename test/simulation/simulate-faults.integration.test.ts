import { describe, expect, it } from "vitest"
import { type KnownBug, knownBugs } from "../faults/known-bugs.ts"
import { formatFailure } from "../faults/many/format-reports.ts"
import { runSeeds, type SeedRun } from "../faults/many/run-seeds.ts"
import type { FaultReport } from "../faults/run-faults.ts"

const modes = ["safety", "liveness"] as const
const seedsOfMode = 250
const minutes = 60_000

/** So many seeds find each bug with a wide margin. */
const seedsForABug = 60

const runsOf = (seeds: number, more: Pick<SeedRun, "bug"> = {}): ReadonlyArray<SeedRun> =>
  Array.from({ length: seeds }, (_, at) => at + 1).flatMap((seed) =>
    modes.map((mode) => ({ seed, mode, ...more })),
  )

describe("the product in a world that fails", () => {
  it(
    "holds its invariants in 500 runs, and comes to rest wherever the faults stop",
    async () => {
      const reports = await runSeeds(runsOf(seedsOfMode))
      const failures = reports.filter(({ violations }) => violations.length > 0)
      expect(failures.map(formatFailure)).toEqual([])
      const happened = new Set(reports.flatMap((report) => Object.keys(report.happened)))
      for (const disaster of [
        "process_killed",
        "leader_lost",
        "power_lost",
        "tail_lost",
        "clock_set",
        "cooldown",
      ])
        expect(happened).toContain(disaster)
      expect(reports.reduce((sum, { requests }) => sum + requests, 0)).toBeGreaterThan(20_000)
    },
    4 * minutes,
  )

  it.each(Object.keys(knownBugs) as ReadonlyArray<KnownBug>)(
    "would be found out with %s",
    async (bug) => {
      const isFound = ({ violations }: FaultReport) =>
        violations.some(({ message }) => signs[bug].test(message))
      const reports = await runSeeds(runsOf(seedsForABug, { bug }), {
        onDone: (report) => (isFound(report) ? "stop" : undefined),
      })
      expect(reports.some(isFound)).toBe(true)
    },
    4 * minutes,
  )

  it("comes to the same for the same seed", async () => {
    const runs = [7, 8].map((seed) => ({ seed, mode: "liveness" as const }))
    const [once, again] = [await runSeeds(runs, { workers: 1 }), await runSeeds(runs, { workers: 2 })]
    expect(again).toEqual(once)
    expect(once[0]).not.toEqual({ ...once[1], seed: 7 })
  })
})

/** By what each shows itself. */
const signs: Readonly<Record<KnownBug, RegExp>> = {
  "a release that is lost": /A9|liveness/,
  "a slot that is free too early": /A2: \d+ in flight/,
  "an end before its usage": /D3: a client saw the end/,
  "a fence that is skipped": /L5|L11|A9/,
  "a start that does not fence": /L12|A9/,
  "a tail that is read where it is old": /a lease was not released|A8|A9|liveness/,
  "a usage that is recorded twice": /D3: the lease .* is metered twice/,
  "waiters that survive their process": /A6|A7|A8|L13/,
  "a projection that is resumed from the tables": /P2/,
}
