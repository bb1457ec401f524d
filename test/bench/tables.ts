import Table from "cli-table3"
import { type Bar, isMet } from "./figures.ts"

/** A cell: text stands left, figures right. */
export type Cell = string | number

/** Draws a table. */
export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<Cell>>): string => {
  const drawn = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, column) => (typeof rows[0]?.[column] === "number" ? "right" : "left")),
  })
  for (const row of rows) drawn.push(row.map(rounded))
  return drawn.toString()
}

/** Draws what was measured beside what it is held to. */
export const barsTable = (bars: ReadonlyArray<Bar>): string =>
  table(
    ["held to", "measured", "bound", ""],
    bars.map((bar) => [
      bar.bar,
      `${rounded(bar.measured)} ${bar.unit}`,
      boundOf(bar),
      isMet(bar) ? "met" : "MISSED",
    ]),
  )

const boundOf = ({ atLeast, atMost, unit }: Bar): string =>
  atLeast === undefined ? `≤ ${rounded(atMost ?? 0)} ${unit}` : `≥ ${rounded(atLeast)} ${unit}`

/** Three digits say as much as was measured. */
const rounded = (cell: Cell): string => {
  if (typeof cell === "string") return cell
  if (!Number.isFinite(cell)) return "–"
  return cell.toLocaleString(
    "en",
    Math.abs(cell) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 },
  )
}
