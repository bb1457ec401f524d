import { machineLine } from "../machine.ts"
import { table } from "../tables.ts"
import type { AtConcurrency, CompareReport, Whose } from "./compare-report.ts"
import { type Interval, pairsAtLeast, type PairedRatio, type Standing } from "./paired-ratio.ts"

const whose: ReadonlyArray<Whose> = ["all", "ingress", "nats-server", "projector"]

/** Writes a report for people, in lines of 80 characters at most but for the places of the checkouts and the machine. */
export const compareText = (report: CompareReport): string => {
  const { machine, tool, plan, before, after, at, memoryMb } = report
  return [
    machineLine(machine),
    `before: ${before}\nafter:  ${after}`,
    `${tool}, ${counted(plan.pairs, "pair")} of rounds of ${plan.roundSeconds} s: medians, and the ratio after / before\nwith the interval that holds its true median with 95 %`,
    ...at.map(concurrencyTable),
    figuresTable(
      "memory at most, MB",
      whose.map((name) => [name, memoryMb[name]]),
    ),
    at.map((one) => verdict(one, report)).join("\n"),
  ].join("\n\n")
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

const concurrencyTable = ({ concurrency, cpuUs, p50Ms, p99Ms }: AtConcurrency): string =>
  figuresTable(`at concurrency ${concurrency}`, [
    ...whose.map((name) => [`CPU of ${name}, µs a request`, cpuUs[name]] as const),
    ["p50, ms", p50Ms],
    ["p99, ms", p99Ms],
  ])

const figuresTable = (title: string, rows: ReadonlyArray<readonly [string, PairedRatio]>): string =>
  table(
    [title, "before", "after", "ratio", "95 %"],
    rows.map(([name, { before, after, ratio, interval }]) => [
      name,
      before,
      after,
      ratio.toFixed(2),
      interval === undefined ? "–" : intervalText(interval),
    ]),
  )

const intervalText = ({ low, high }: Interval): string => `${low.toFixed(2)}–${high.toFixed(2)}`

/** Says in words how the processor time of a request stands at one concurrency. */
const verdict = ({ concurrency, cpuUs, standing }: AtConcurrency, { ratioMost }: CompareReport): string => {
  const { ratio, interval } = cpuUs.all
  const shown = interval === undefined ? "" : ` (${intervalText(interval)})`
  const most = `${Math.round((ratioMost - 1) * 100)} %`
  const words: Record<Standing, string> = {
    within: `within ${most}`,
    above: `more than ${most} above`,
    open:
      interval === undefined
        ? `no interval below ${pairsAtLeast} pairs`
        : `not told apart from ${most} above`,
  }
  return `CPU per request ${ratio.toFixed(2)} ×${shown} at ${concurrency}: ${words[standing]}`
}
