import type { Converged } from "@sluice/simulation/figures/convergence.ts"
import type { Judged } from "@sluice/simulation/report/bars.ts"
import type { Compared } from "@sluice/simulation/report/compare.ts"

/** A cell of the table, and whether the bar that it is held to is met (`null` = it is held to none). */
export interface Cell {
  readonly text: string
  readonly isMet: boolean | null
}

/** The headings of the table, and how the columns stand. */
export const headings = [
  { text: "algorithm", isNumber: false },
  { text: "429s per 1 000", isNumber: true },
  { text: "use %", isNumber: true },
  { text: "near the limit after s", isNumber: true },
  { text: "swing %", isNumber: true },
  { text: "p95 wait s", isNumber: true },
  { text: "completed %", isNumber: true },
  { text: "client 429s", isNumber: true },
] as const

/** Returns a row of the table. */
export const cellsOf = ({ algorithm, median, judged }: Compared): ReadonlyArray<Cell> => {
  const { rejectedPer1000, usePercent, converged, swingPercent, p95WaitMs, requests, completed } = median
  const of = (...bars: ReadonlyArray<Judged["bar"]>): boolean | null => {
    const held = judged.filter(({ bar }) => bars.includes(bar))
    return held.length === 0 ? null : held.every(({ isMet }) => isMet)
  }
  const share = requests === 0 ? 0 : (100 * completed) / requests
  return [
    { text: algorithm, isMet: null },
    { text: rejectedPer1000.toFixed(1), isMet: of("rejectedPer1000") },
    { text: usePercent.toFixed(1), isMet: of("usePercent") },
    { text: nearText(converged), isMet: of("convergesS", "convergesDownS", "convergesUpS") },
    { text: swingPercent === null ? "–" : swingPercent.toFixed(1), isMet: null },
    { text: (p95WaitMs / 1000).toFixed(1), isMet: null },
    { text: share.toFixed(0), isMet: null },
    { text: String(Math.round(median.clientRejections)), isMet: null },
  ]
}

const nearText = (converged: ReadonlyArray<Converged>): string =>
  converged.length === 0
    ? "–"
    : converged.map(({ afterS }) => (afterS === null ? "never" : seconds(afterS))).join(" / ")

const seconds = (s: number): string => (s < 10 ? s.toFixed(1) : s.toFixed(0))

const words: Readonly<Record<Judged["bar"], readonly [name: string, unit: string, bound: string]>> = {
  rejectedPer1000: ["429s", " per 1 000", "at most"],
  usePercent: ["use", " %", "at least"],
  convergesS: ["near the limit at first after", " s", "at most"],
  convergesDownS: ["near it after a fall after", " s", "at most"],
  convergesUpS: ["near it after a rise after", " s", "at most"],
}

/** Says in a line which bar was missed, and by what. Source: F9. */
export const missedLines = (compared: ReadonlyArray<Compared>): ReadonlyArray<string> =>
  compared.flatMap(({ scenario, algorithm, judged }) =>
    judged
      .filter(({ isMet }) => !isMet)
      .map(({ bar, asked, found }) => {
        const [name, unit, bound] = words[bar]
        const was = found === null ? "never" : `${found.toFixed(1)}${unit}`
        return `${scenario.name}, ${algorithm}: ${name} ${was}, held to ${bound} ${asked}${unit}`
      }),
  )
