import type { FaultReport } from "../run-faults.ts"

/** How many violations of one run are shown; the rest mostly follows from them. */
const shown = 3

/** Says what went wrong with a run, and how to run it again. */
export const formatFailure = ({ seed, mode, violations }: FaultReport): string => {
  const lines = violations
    .slice(0, shown)
    .map(({ atMs, message }) => `  at ${(atMs / 1_000).toFixed(3)} s  ${message}`)
  const more = violations.length > shown ? [`  and ${violations.length - shown} more`] : []
  const again = `  again: npm run simulate:faults -- --seeds 1 --seed ${seed} --mode ${mode}`
  return [`seed ${seed}, ${mode}:`, ...lines, ...more, again].join("\n")
}

/** Sums up what happened over all runs. */
export const formatSummary = (reports: ReadonlyArray<FaultReport>): string => {
  const sum = (of: (report: FaultReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0).toLocaleString("en")
  const failed = reports.filter(({ violations }) => violations.length > 0).length
  const counts = `${sum(({ requests }) => requests)} requests, ${sum(({ commits }) => commits)} commits, ${sum(({ happened }) => disastersIn(happened))} disasters`
  return `${reports.length - failed} runs held, ${failed} did not; ${counts}`
}

const disastersIn = (happened: FaultReport["happened"]): number =>
  Object.entries(happened).reduce((sum, [what, count]) => sum + (what.includes("_") ? count : 0), 0)
