import type { Figures } from "@sluice/simulation/figures/figures.ts"
import type { Compared } from "@sluice/simulation/report/compare.ts"

/** Writes a comparison for programs. */
export const jsonComparison = (compared: ReadonlyArray<Compared>): string =>
  `${JSON.stringify(
    compared.map(({ scenario, algorithm, seeds, median, judged }) => ({
      scenario: scenario.name,
      algorithm,
      seeds,
      ...median,
      bars: judged,
    })),
  )}\n`

const columns = [
  "requests",
  "completed",
  "refused",
  "failed",
  "clientRejections",
  "attempts",
  "rejections",
  "rejectedPer1000",
  "usePercent",
  "swingPercent",
  "p95WaitMs",
] as const satisfies ReadonlyArray<keyof Figures>

/** Writes every run of a comparison, a line each; the last column holds the seconds after each change of the true limit, with a space between. */
export const csvComparison = (compared: ReadonlyArray<Compared>): string => {
  const head = ["scenario", "algorithm", "seed", ...columns, "nearAfterS"]
  const lines = compared.flatMap(({ scenario, algorithm, seeds, runs }) =>
    runs.map((figures, at) => [
      quoted(scenario.name),
      algorithm,
      seeds[at],
      ...columns.map((column) => rounded(figures[column])),
      figures.converged.map(({ afterS }) => (afterS === null ? "never" : rounded(afterS))).join(" "),
    ]),
  )
  return `${[head, ...lines].map((cells) => cells.join(",")).join("\n")}\n`
}

const rounded = (value: number | null): string => (value === null ? "" : String(Number(value.toFixed(3))))

const quoted = (text: string): string => (/[",\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
