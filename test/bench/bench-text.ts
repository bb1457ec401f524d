import { type BenchReport, throughputOf } from "./bench-report.ts"
import { machineLine } from "./machine.ts"
import { barsTable, table } from "./tables.ts"

/** Writes a report for people. */
export const benchText = (report: BenchReport): string =>
  [
    machineLine(report.machine),
    `${report.tool}, medians of ${report.plan.rounds} rounds of ${report.plan.roundSeconds} s, the contestants in turn`,
    throughputTable(report),
    streamingTable(report),
    behindLine(report),
    memoryLine(report),
    barsTable(report.bars),
  ].join("\n\n")

const throughputTable = (report: BenchReport): string =>
  table(
    ["concurrency", "", "requests/s", "× direct", "× Portkey", "p50 ms", "p99 ms"],
    report.throughput.map((one) => {
      const times = (name: "direct" | "portkey") =>
        one.requestsPerSecond / (throughputOf(report, name, one.concurrency)?.requestsPerSecond ?? Number.NaN)
      const { concurrency, contestant, requestsPerSecond, p50Ms, p99Ms } = one
      return [concurrency, contestant, requestsPerSecond, times("direct"), times("portkey"), p50Ms, p99Ms]
    }),
  )

const streamingTable = ({ streaming, plan }: BenchReport): string =>
  table(
    [
      `${plan.streams.streams} streams at once`,
      "first chunk ms",
      "p50",
      "p99",
      "added ms",
      `gap p99 ms (sent every ${plan.streams.chunkGapMs})`,
    ],
    streaming.map((one) => [
      one.contestant,
      one.firstChunkMeanMs,
      one.firstChunkP50Ms,
      one.firstChunkP99Ms,
      one.addedFirstChunkMs,
      one.gapP99Ms,
    ]),
  )

const behindLine = ({ behind }: BenchReport): string => {
  const { stored, lagMostFacts, caughtUpMostMs } = behind
  const perCommit = (stored.facts / stored.commits).toFixed(1)
  return (
    `log: ${stored.facts.toLocaleString("en")} facts in ${stored.commits.toLocaleString("en")} commits (${perCommit} each); ` +
    `tables: at most ${lagMostFacts.toLocaleString("en")} facts behind at the end of a round, caught up within ${Math.round(caughtUpMostMs)} ms`
  )
}

const memoryLine = ({ memoryMb }: BenchReport): string =>
  `memory at most, MB: ${Object.entries(memoryMb)
    .map(([name, mb]) => `${name} ${Math.round(mb)}`)
    .join(", ")}`
