import type { Figures } from "../figures/figures.ts"
import type { Bars } from "../scenario/scenario.ts"

/** One bar, what came of it, and whether that meets it. Units: as its name says; `null` = never. */
export interface Judged {
  readonly bar: keyof Bars
  readonly asked: number
  readonly found: number | null
  readonly isMet: boolean
}

/** Holds figures to the bars of their scenario. Source: F9. */
export const judge = (figures: Figures, bars: Bars): ReadonlyArray<Judged> =>
  (Object.keys(bars) as ReadonlyArray<keyof Bars>).flatMap((bar) => {
    const asked = bars[bar]
    if (asked === undefined) return []
    const found = foundOf[bar](figures)
    const isMet = found !== null && (bar === "usePercent" ? found >= asked : found <= asked)
    return [{ bar, asked, found, isMet }]
  })

const foundOf: Readonly<Record<keyof Bars, (figures: Figures) => number | null>> = {
  rejectedPer1000: ({ rejectedPer1000 }) => rejectedPer1000,
  usePercent: ({ usePercent }) => usePercent,
  convergesS: ({ converged }) => converged[0]?.afterS ?? null,
  convergesDownS: ({ converged }) => slowest(converged.filter(({ from, to }) => from !== null && to < from)),
  convergesUpS: ({ converged }) => slowest(converged.filter(({ from, to }) => from !== null && to > from)),
}

const slowest = (converged: Figures["converged"]): number | null =>
  converged.reduce<number | null>(
    (most, { afterS }) => (most === null || afterS === null ? null : Math.max(most, afterS)),
    0,
  )
