import { expect, test } from "vitest"
import { runCommand } from "./sluice-process.ts"

/** The scenarios whose bars the whole table of 30 seeds meets. */
const met = [
  "150-to-80",
  "40-15-60",
  "bursts",
  "cold-start-40",
  "day-curve",
  "late-429-5s",
  "little-traffic",
  "noise-2-percent",
  "rpm-120-told",
  "rpm-120-untold",
  "shared-key",
]

test("no bar that was met is lost, over five seeds (F9)", async () => {
  const { code, stdout, stderr } = await runCommand([
    "simulate",
    ...met.flatMap((scenario) => ["--scenario", scenario]),
    "--algorithm",
    "bracket",
    "--seeds",
    "5",
    "--json",
  ])
  expect([code, code === 0 ? "" : stderr]).toEqual([0, ""])
  const compared = JSON.parse(stdout) as ReadonlyArray<{
    readonly scenario: string
    readonly bars: ReadonlyArray<{ readonly bar: string; readonly found: number; readonly isMet: boolean }>
  }>
  expect(compared.map(({ scenario }) => scenario)).toEqual(met)
  const lost = compared.flatMap(({ scenario, bars }) =>
    bars.filter(({ isMet }) => !isMet).map(({ bar, found }) => `${scenario}: ${bar} ${found}`),
  )
  expect(lost).toEqual([])
  expect(compared.every(({ bars }) => bars.length > 0)).toBe(true)
}, 400_000)
