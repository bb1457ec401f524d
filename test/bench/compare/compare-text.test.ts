import { expect, test } from "vitest"
import { describeMachine } from "../machine.ts"
import type { CompareReport } from "./compare-report.ts"
import { compareText } from "./compare-text.ts"
import { pairedRatio, standing } from "./paired-ratio.ts"

const ratioMost = 1.05

const ratiosAround = (ratio: number) =>
  pairedRatio(
    [0.97, 0.98, 0.99, 1, 1.01, 1.02, 1.03].map((off) => ({ before: 12_345, after: 12_345 * ratio * off })),
  )

const reportOf = (ratio: number): CompareReport => {
  const same = ratiosAround(1)
  const all = ratiosAround(ratio)
  const perProcess = { all, ingress: same, "nats-server": same, projector: same }
  return {
    machine: describeMachine(),
    tool: "wrk",
    plan: { pairs: 7, concurrencies: [16], warmUpSeconds: 5, roundSeconds: 3 },
    before: "before",
    after: "after",
    at: [
      { concurrency: 16, cpuUs: perProcess, p50Ms: same, p99Ms: same, standing: standing(all, ratioMost) },
    ],
    memoryMb: perProcess,
    ratioMost,
  }
}

test.each([
  [1.01, "CPU per request 1.01 × (0.98–1.04) at 16: within 5 %"],
  [1.05, "CPU per request 1.05 × (1.02–1.08) at 16: not told apart from 5 % above"],
  [1.2, "CPU per request 1.20 × (1.16–1.24) at 16: more than 5 % above"],
])("a ratio of %d is said in words with its interval", (ratio, words) => {
  expect(compareText(reportOf(ratio)).split("\n").at(-1)).toBe(words)
})

test("tables stay within 80 columns with figures of five digits", () => {
  const rows = compareText(reportOf(1.2))
    .split("\n")
    .filter((line) => line.startsWith("│"))
  expect(rows.length).toBeGreaterThan(8)
  expect(rows.filter((line) => line.length > 80)).toEqual([])
})
