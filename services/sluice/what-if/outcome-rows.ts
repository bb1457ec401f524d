import type { ChannelOutcome, Outcome } from "@sluice/simulation/what-if/outcome.ts"
import type { Compared } from "@sluice/simulation/what-if/what-if.ts"

/** A line of the table. */
export interface Row {
  readonly label: string
  /** Recorded, run again, and otherwise. */
  readonly cells: readonly [string, string, string]
  /** From run again to otherwise. */
  readonly change: string
  /** `null` where neither is better, or nothing has changed. */
  readonly isBetter: boolean | null
}

interface Figure {
  readonly label: string
  readonly of: (outcome: Outcome) => number | null
  readonly show: (value: number) => string
  /** Whether more of it is better, less of it, or neither. */
  readonly wanted: "more" | "less" | "either"
}

const count = (value: number): string => value.toLocaleString("en-US")
const seconds = (ms: number): string => (ms / 1000).toFixed(2)
const percent = (share: number): string => (100 * share).toFixed(1)
const dollars = (nanoUsd: number): string =>
  (nanoUsd / 1e9).toLocaleString("en-US", { minimumFractionDigits: 4, maximumFractionDigits: 4 })
const tenths = (value: number): string => value.toFixed(1)

/** Returns the lines of the table: the same figures of three outcomes, and those of channels that any of them used. */
export const rowsOf = ({ recorded, again, other }: Compared): ReadonlyArray<Row> => {
  const outcomes = [recorded, again, other] as const
  const codes = namesIn(outcomes.flatMap((outcome) => Object.keys(outcome.codes)))
  const used = outcomes.flatMap((outcome) => outcome.channels.filter(({ attempts }) => attempts > 0))
  const channels = namesIn(used.map(({ channel }) => channel))
  const figures: ReadonlyArray<Figure> = [
    { label: "requests", of: ({ requests }) => requests, show: count, wanted: "either" },
    { label: "completed", of: ({ completed }) => completed, show: count, wanted: "more" },
    ...codes.map((code): Figure => {
      return { label: code, of: (outcome) => outcome.codes[code] ?? 0, show: count, wanted: "less" }
    }),
    { label: "attempts", of: ({ attempts }) => attempts, show: count, wanted: "either" },
    { label: "provider 429s", of: ({ rejections }) => rejections, show: count, wanted: "less" },
    { label: "wait s, p50", of: ({ waits }) => waits.p50, show: seconds, wanted: "less" },
    { label: "wait s, p95", of: ({ waits }) => waits.p95, show: seconds, wanted: "less" },
    { label: "wait s, p99", of: ({ waits }) => waits.p99, show: seconds, wanted: "less" },
    { label: "cost USD", of: ({ costNanoUsd }) => costNanoUsd, show: dollars, wanted: "either" },
    ...channels.flatMap(figuresOf),
  ]
  return figures.map((figure) => rowOf(figure, outcomes))
}

const figuresOf = (channel: string): ReadonlyArray<Figure> => {
  const useIn = (outcome: Outcome): ChannelOutcome | undefined =>
    outcome.channels.find((use) => use.channel === channel)
  return [
    {
      label: `${channel}: in flight`,
      of: (outcome) => useIn(outcome)?.meanInFlight ?? null,
      show: tenths,
      wanted: "either",
    },
    {
      label: `${channel}: limit used %`,
      of: (outcome) => useIn(outcome)?.utilization ?? null,
      show: percent,
      wanted: "either",
    },
    {
      label: `${channel}: attempts`,
      of: (outcome) => useIn(outcome)?.attempts ?? null,
      show: count,
      wanted: "either",
    },
    {
      label: `${channel}: 429s`,
      of: (outcome) => useIn(outcome)?.rejections ?? null,
      show: count,
      wanted: "less",
    },
  ]
}

const namesIn = (names: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(names)].toSorted()

const rowOf = (
  { label, of, show, wanted }: Figure,
  [recorded, again, other]: readonly [Outcome, Outcome, Outcome],
): Row => {
  const shown = (outcome: Outcome): string => {
    const value = of(outcome)
    return value === null ? "–" : show(value)
  }
  const cells = [shown(recorded), shown(again), shown(other)] as const
  const [from, to] = [of(again), of(other)]
  if (from === null || to === null || cells[1] === cells[2])
    return { label, cells, change: "", isBetter: null }
  const change = from === 0 ? "new" : `${to > from ? "+" : "−"}${percentOf(Math.abs(to - from) / from)} %`
  return { label, cells, change, isBetter: wanted === "either" ? null : to > from === (wanted === "more") }
}

const percentOf = (share: number): string => (share < 1 ? (100 * share).toFixed(1) : (100 * share).toFixed(0))
