import { visible } from "@sluice/infra/terminal/visible-text.ts"
import Table from "cli-table3"
import type { Row } from "./source.ts"

/** How a table is shown. Units: `width` in characters. */
export interface TableLook {
  readonly width: number
  readonly colours: boolean
}

/** Where the output is no terminal. */
const usualWidth = 100

/** Returns how a table is shown where this process writes to. */
export const terminalLook = (): TableLook => ({
  width: process.stdout.columns ?? usualWidth,
  colours: process.stdout.isTTY && process.stdout.hasColors(),
})

interface Column {
  readonly heading: string
  readonly cells: ReadonlyArray<string>
  readonly isNumber: boolean
}

const narrowest = 8
/** Longer texts are cut; `--json` has them whole. */
const longestText = 60
/** What stands between two columns, and at each end. */
const gapWidth = 2

/**
 * Shows rows as a table for people: units in the headings, numbers to the right, no wider than it may be.
 *
 * A column in which every value is 0 or empty is left out and named below the table.
 */
export const formatTable = (rows: ReadonlyArray<Row>, { width, colours }: TableLook): string => {
  const names = Object.keys(rows[0] ?? {})
  if (names.length === 0) return "no rows yet"
  const hidden = names.filter((name) => rows.every((row) => isNothing(row[name])))
  const shown = names.filter((name) => !hidden.includes(name))
  const columns = shown.map((name) => columnOf(name, rows))
  if (columns.length === 0) return "no rows yet"
  const table = new Table({
    head: columns.map(({ heading }) => heading),
    colAligns: columns.map(({ isNumber }) => (isNumber ? "right" : "left")),
    colWidths: fittingWidths(columns, width),
    chars: plain,
    wordWrap: true,
    wrapOnWordBoundary: false,
    style: { head: colours ? ["bold"] : [], border: [], "padding-left": 0, "padding-right": gapWidth },
  })
  for (const [at] of rows.entries()) table.push(columns.map(({ cells }) => cells[at] ?? ""))
  const note = hidden.length === 0 ? "" : `\n(0 or empty: ${hidden.map(wordsOf).join(", ")})`
  return table.toString().replaceAll(/ +$/gmu, "") + note
}

const plain = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid", "left-mid", "mid-mid", "right-mid", "middle"]
    .flatMap((place) => [place, `${place}-mid`, `${place}-left`, `${place}-right`])
    .map((place) => [place, ""]),
)

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || Number(value) === 0

/** Writes the name of a column as words, its unit at the end: `costUsd` is `cost USD`. */
const wordsOf = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/gu, "$1 $2")
    .toLowerCase()
    .replace(/ usd$/u, " USD")

const columnOf = (name: string, rows: ReadonlyArray<Row>): Column => {
  const values = rows.map((row) => row[name])
  const isTime = values.some((value) => typeof value === "string" && instant.test(value))
  return {
    // One word a line, so that a column of short numbers stays narrow.
    heading: `${wordsOf(name)}${isTime ? " UTC" : ""}`.split(" ").join("\n"),
    cells: values.map((value) => cellOf(value, name)),
    isNumber: values.every((value) => value === null || typeof value === "number"),
  }
}

const instant = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?$/u

const cellOf = (value: unknown, name: string): string => {
  if (value === null || value === undefined) return ""
  if (typeof value === "number")
    return value.toLocaleString("en-US", name.endsWith("Usd") ? dollars : { maximumFractionDigits: 2 })
  if (typeof value === "string" && instant.test(value)) return value.slice(0, 19).replace("T", " ")
  const text = visible(typeof value === "string" ? value : JSON.stringify(value))
  return text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`
}

// As many digits for each amount, so that their points stand below one another.
const dollars = { minimumFractionDigits: 6, maximumFractionDigits: 6 }

/** Returns each column what it needs; while that is too much, the widest of texts gets less and goes over more lines. */
const fittingWidths = (columns: ReadonlyArray<Column>, width: number): Array<number> => {
  const widths = columns.map(
    ({ heading, cells }) =>
      Math.max(...heading.split("\n").map((word) => word.length), ...cells.map((cell) => cell.length)) +
      gapWidth,
  )
  for (let over = widths.reduce((sum, one) => sum + one, 0) - width; over > 0; over -= 1) {
    const widest = columns
      .map(({ isNumber }, at) => ({ at, width: isNumber ? 0 : (widths[at] ?? 0) }))
      .reduce((one, other) => (other.width > one.width ? other : one))
    if (widest.width <= narrowest) break
    widths[widest.at] = widest.width - 1
  }
  return widths
}
