import { styleText } from "node:util"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import type { Compared } from "@sluice/simulation/report/compare.ts"
import Table from "cli-table3"
import { type Cell, cellsOf, headings, missedLines } from "./comparison-cells.ts"

const marks = { met: "✓", missed: "✗" }

const marked = ({ text, isMet }: Cell): string =>
  isMet === null ? text : `${text} ${isMet ? marks.met : marks.missed}`

/** Shows a comparison as tables for people, one a scenario, no wider than 100 columns. */
export const formatComparison = (compared: ReadonlyArray<Compared>, colours: boolean): string => {
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    colours ? styleText(format, text, { validateStream: false }) : text
  const lines = Map.groupBy(compared, ({ scenario }) => scenario)
  const tables = [...lines].map(([scenario, rows]) => {
    const table = new Table({
      head: headings.map(({ text }) =>
        text.replaceAll(" per", "\nper").replace("limit after", "limit\nafter"),
      ),
      colAligns: headings.map(({ isNumber }) => (isNumber ? "right" : "left")),
      chars: noLines,
      style: { head: colours ? ["dim"] : [], border: [], "padding-left": 0, "padding-right": 2 },
    })
    for (const row of rows)
      table.push(
        cellsOf(row).map((cell) => {
          return cell.isMet === null ? cell.text : style(cell.isMet ? "green" : "red", marked(cell))
        }),
      )
    return `${style("bold", visible(scenario.name))}  ${visible(scenario.about)}\n${table.toString().replaceAll(/ +$/gmu, "")}`
  })
  return `${tables.join("\n\n")}\n\n${summary(compared, style)}\n`
}

const summary = (
  compared: ReadonlyArray<Compared>,
  style: (format: "green" | "red", text: string) => string,
): string => {
  const missed = missedLines(compared)
  const bars = compared.flatMap(({ judged }) => judged).length
  if (bars === 0) return "no bars"
  if (missed.length === 0) return style("green", `all ${bars} bars are met`)
  return [
    style("red", `${missed.length} of ${bars} bars are missed:`),
    ...missed.map((line) => `  ${line}`),
  ].join("\n")
}

const noLines = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid", "left-mid", "mid-mid", "right-mid", "middle"]
    .flatMap((place) => [place, `${place}-mid`, `${place}-left`, `${place}-right`])
    .map((place) => [place, ""]),
)

/** Writes a comparison as one table in Markdown, with what was missed below. */
export const markdownComparison = (compared: ReadonlyArray<Compared>): string => {
  const head = ["scenario", ...headings.map(({ text }) => text)]
  const rule = ["---", ...headings.map(({ isNumber }) => (isNumber ? "---:" : "---"))]
  const rows = compared.map((one) => [one.scenario.name, ...cellsOf(one).map(marked)])
  const missed = missedLines(compared)
  return [
    ...[head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`),
    "",
    missed.length === 0 ? "All bars are met." : "Missed:",
    ...missed.map((line) => `- ${line}`),
    "",
  ].join("\n")
}
