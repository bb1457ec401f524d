import { styleText } from "node:util"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import type { Span } from "@sluice/simulation/what-if/channel-use.ts"
import type { Difference } from "@sluice/simulation/what-if/check-of-itself.ts"
import type { Compared } from "@sluice/simulation/what-if/what-if.ts"
import Table from "cli-table3"
import { type Row, rowsOf } from "./outcome-rows.ts"

/** What is shown. */
export interface ShownOutcomes extends Compared {
  readonly span: Span
  readonly seed: number
  /** Of the file with the other configuration. */
  readonly name: string
  readonly differences: ReadonlyArray<Difference>
}

type Style = (format: Parameters<typeof styleText>[0], text: string) => string

const longestName = 20
const longestLabel = 40

/** Shows outcomes side by side for people, no wider than 100 columns. */
export const formatOutcomes = (shown: ShownOutcomes, colours: boolean): string => {
  const style: Style = (format, text) => (colours ? styleText(format, text, { validateStream: false }) : text)
  const { recorded, again, other, span, seed, name } = shown
  const table = new Table({
    head: ["", "recorded", "run again", cut(name, longestName), "change"],
    colAligns: ["left", "right", "right", "right", "right"],
    chars: noLines,
    style: { head: colours ? ["dim"] : [], border: [], "padding-left": 0, "padding-right": 2 },
  })
  for (const row of rowsOf({ recorded, again, other }))
    table.push([cut(row.label, longestLabel), ...row.cells, coloured(row, style)])
  const title = `Requests that arrived from ${instant(span.fromMs)} to ${instant(span.toMs)} UTC, seed ${seed}`
  const lines = table.toString().replaceAll(/ +$/gmu, "")
  return `${style("bold", title)}\n${lines}\n\n${verdict(shown.differences, style)}\n`
}

const coloured = ({ change, isBetter }: Row, style: Style): string =>
  isBetter === null ? change : style(isBetter ? "green" : "red", change)

const verdict = (differences: ReadonlyArray<Difference>, style: Style): string =>
  differences.length === 0
    ? style("green", "Run again as it was configured, it comes to what was recorded, within 2 % or 3.")
    : [
        style(
          "yellow",
          "Run again as it was configured, it differs by more than 2 % from what was recorded:",
        ),
        ...differences.map(
          ({ what, recorded, again }) => `  ${visible(what)}: ${again} instead of ${recorded}`,
        ),
      ].join("\n")

const instant = (atMs: number): string => new Date(atMs).toISOString().slice(0, 19).replace("T", " ")

const cut = (given: string, longest: number): string => {
  const text = visible(given)
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}

const noLines = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid", "left-mid", "mid-mid", "right-mid", "middle"]
    .flatMap((place) => [place, `${place}-mid`, `${place}-left`, `${place}-right`])
    .map((place) => [place, ""]),
)
