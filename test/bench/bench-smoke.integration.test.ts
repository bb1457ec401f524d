import { resolve } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { quickPlan } from "./bench-plan.ts"
import type { BenchReport } from "./bench-report.ts"
import { benchText } from "./bench-text.ts"
import { compareText } from "./compare/compare-text.ts"
import { runCompare } from "./compare/run-compare.ts"
import { startUpstream } from "./contestants/upstream.ts"
import { findLoadTool, load, type LoadTool } from "./load.ts"
import type { PartsReport } from "./parts/parts-report.ts"
import { partsText } from "./parts/parts-text.ts"
import { quickParts, runParts } from "./parts/run-parts.ts"
import { Processes } from "./processes.ts"
import { runBench } from "./run-bench.ts"

const plan = {
  ...quickPlan,
  contestants: ["direct", "sluice", "sluice alone"],
  concurrencies: [1, 4],
  warmUpSeconds: 1,
  roundSeconds: 1,
  rounds: 1,
  streams: { streams: 4, chunks: 3, bursts: 1, firstChunkMs: 20, chunkGapMs: 5 },
} as const

const parts = {
  ...quickParts,
  rounds: 1,
  waiters: [2, 20],
  decisions: { accounts: [1, 3], lanes: [1], cycles: 20 },
  queue: { lanes: 2, cycles: 20 },
  replay: { commits: 50 },
  commits: { channels: 3, facts: 300 },
  projection: { requests: 100, rounds: 1 },
  lookingBack: { facts: 1_000, rounds: 1 },
  explanations: { facts: 2_000, requests: 100, fillSecondsMax: 10, questions: 2 },
}

const ignore = (): void => undefined

const isPositive = (figure: unknown): boolean =>
  typeof figure === "number" && Number.isFinite(figure) && figure > 0

const benchWith = async (tool: LoadTool): Promise<{ report: BenchReport; pids: ReadonlyArray<number> }> => {
  await using processes = new Processes()
  const report = await runBench(processes, { plan, tool, say: ignore })
  return { report, pids: processes.pids }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false
    throw error
  }
}

describe("the comparison", () => {
  let report: BenchReport
  let pids: ReadonlyArray<number>

  beforeAll(async () => {
    ;({ report, pids } = await benchWith(await findLoadTool()))
  })

  test("every contestant has its figures at every concurrency", () => {
    const rows = report.throughput.map(({ contestant, concurrency }) => `${contestant} ${concurrency}`)
    expect(rows).toEqual(["direct 1", "sluice 1", "sluice alone 1", "direct 4", "sluice 4", "sluice alone 4"])
    for (const { requestsPerSecond, p50Ms, p99Ms } of report.throughput)
      expect([requestsPerSecond, p50Ms, p99Ms].every(isPositive)).toBe(true)
  })

  test("streams have the time to their first chunk and between chunks, and what is added to the upstream's", () => {
    expect(report.streaming.map(({ contestant }) => contestant)).toEqual(["direct", "sluice", "sluice alone"])
    expect(report.streaming[0]?.addedFirstChunkMs).toBe(0)
    for (const { firstChunkMeanMs, gapP99Ms } of report.streaming)
      expect([firstChunkMeanMs, gapP99Ms].every(isPositive)).toBe(true)
  })

  test("Sluice had its log and its tables on: facts are in the log, and the tables have caught up", () => {
    const { stored, lagMostFacts, caughtUpMostMs } = report.behind
    expect(stored.facts).toBeGreaterThan(stored.commits)
    expect(lagMostFacts).toBeGreaterThanOrEqual(0)
    expect(isPositive(caughtUpMostMs)).toBe(true)
  })

  test("the memory of every process was seen", () => {
    expect(Object.keys(report.memoryMb).toSorted()).toEqual(["direct", "nats-server", "projector", "sluice"])
    expect(Object.values(report.memoryMb).every(isPositive)).toBe(true)
  })

  test("without Portkey only the bars that need no comparison are left", () => {
    expect(report.bars.map(({ unit }) => unit)).toEqual(["MB", "ms"])
  })

  test("the report is written for people, with the machine and the bars", () => {
    const text = benchText(report)
    expect(text).toContain(report.machine.node)
    for (const { bar } of report.bars) expect(text).toContain(bar)
  })

  test("nothing that was started is left", () => {
    expect(pids).toHaveLength(4)
    expect(pids.filter(isAlive)).toEqual([])
  })
})

test("where wrk is missing the same is reported", async () => {
  const { report } = await benchWith("autocannon")
  expect(report.tool).toBe("autocannon")
  expect(
    report.throughput.every(
      ({ requestsPerSecond, p50Ms }) => isPositive(requestsPerSecond) && isPositive(p50Ms),
    ),
  ).toBe(true)
})

test("a contestant that answers with errors fails the run", async () => {
  await using processes = new Processes()
  const upstream = await startUpstream(processes)
  const refused = { ...upstream, headers: { ...upstream.headers, "x-sim-fault": "500" } }
  const tool = await findLoadTool()
  await expect(load(refused, { processes, tool, connections: 1, seconds: 1 })).rejects.toThrow(
    /direct at concurrency 1: .*status/,
  )
})

test("the parts are all measured, and reported for people", async () => {
  const report: PartsReport = await runParts(parts, ignore)
  expect(report.decisions.map(({ accounts, perDecisionUs }) => [accounts, perDecisionUs.length])).toEqual([
    [1, 2],
    [3, 2],
  ])
  const { replay, commits, projection, queue, lookingBack, explanations } = report
  const figures = [
    ...report.decisions.map(({ ratio }) => ratio),
    ...queue.map(({ us }) => us),
    replay.foldedPerSecond,
    commits.hostedFactsPerSecond,
    commits.appendedFactsPerSecond,
    commits.oneAtATimeMs.p50,
    projection.factsPerSecond,
    projection.rowsPerSecond,
    lookingBack.replayedAtEndMs,
    lookingBack.replayedInMiddleMs,
    lookingBack.verifiedPerSecond,
    explanations.medianMs,
  ]
  expect(figures.every(isPositive)).toBe(true)
  const text = partsText(report)
  for (const { bar } of report.bars) expect(text).toContain(bar)
})

test("a checkout is compared with itself: what its processes take for a request, before and after, and the ratio", async () => {
  const here = resolve(import.meta.dirname, "../..")
  const comparePlan = { pairs: 1, concurrencies: [2], warmUpSeconds: 1, roundSeconds: 1 }
  await using processes = new Processes()
  const tool = await findLoadTool()
  const options = { plan: comparePlan, tool, before: here, after: here, say: ignore }
  const report = await runCompare(processes, options)
  const [found] = report.at
  if (found === undefined) throw new Error("nothing was found at any concurrency")
  const { cpuUs, p50Ms, p99Ms } = found
  const compared = [...Object.values(cpuUs), ...Object.values(report.memoryMb), p50Ms, p99Ms]
  for (const { before, after, ratio, interval } of compared) {
    expect([before, after].every(isPositive)).toBe(true)
    expect(ratio).toBe(after / before)
    expect(interval).toBeUndefined()
  }
  expect(cpuUs.all.after).toBeGreaterThanOrEqual(cpuUs.ingress.after + cpuUs.projector.after)
  expect(processes.pids).toHaveLength(1)
  const lines = compareText(report).split("\n")
  expect(lines.at(-1)).toBe(`CPU per request ${cpuUs.all.ratio.toFixed(2)} × at 2: no interval below 6 pairs`)
  expect(lines.filter((line) => line.startsWith("│") && line.length > 80)).toEqual([])
})
