import { machineLine } from "../machine.ts"
import { barsTable, table } from "../tables.ts"
import { factsPerDecision } from "./decisions.ts"
import type { PartsReport } from "./parts-report.ts"

/** Writes a report for people. */
export const partsText = (report: PartsReport): string =>
  [
    machineLine(report.machine),
    decisionsTable(report),
    queueTable(report),
    speedsTable(report),
    lookingBackTable(report),
    barsTable(report.bars),
  ].join("\n\n")

const waiting = ({ plan }: PartsReport): ReadonlyArray<string> =>
  plan.waiters.map((waiters) => `${waiters.toLocaleString("en")} waiters`)

const decisionsTable = (report: PartsReport): string => {
  const rows = report.decisions.map(({ accounts, lanes, perDecisionUs, ratio }) => [
    accounts,
    lanes,
    ...perDecisionUs.map(({ us }) => us),
    (perDecisionUs.at(-1)?.us ?? 0) / factsPerDecision,
    ratio,
  ])
  return `µs a decision with its ${factsPerDecision} facts\n${table(
    ["accounts", "lanes", ...waiting(report), "µs a fact", "longest ÷ shortest"],
    rows,
  )}`
}

const queueTable = (report: PartsReport): string =>
  `µs a queue operation over ${report.plan.queue.lanes} lanes\n${table(waiting(report), [report.queue.map(({ us }) => us)])}`

const speedsTable = ({ replay, commits, projection, lookingBack }: PartsReport): string =>
  table(
    ["", "facts/s", "facts a commit", ""],
    [
      ["folded with decoding", replay.foldedPerSecond, replay.factsPerCommit, ""],
      ["folded, decoded before", replay.evolvedPerSecond, replay.factsPerCommit, ""],
      [
        "decided and committed",
        commits.hostedFactsPerSecond,
        commits.factsPerCommit,
        `over ${commits.channels} channels; one commit at a time ${commits.oneAtATimeMs.p50.toFixed(2)} ms, p99 ${commits.oneAtATimeMs.p99.toFixed(2)} ms`,
      ],
      [
        "committed alone",
        commits.appendedFactsPerSecond,
        commits.factsPerCommit,
        `over ${commits.channels} channels`,
      ],
      [
        "projected",
        projection.factsPerSecond,
        projection.factsPerCommit,
        `${Math.round(projection.rowsPerSecond).toLocaleString("en")} rows/s over all tables`,
      ],
      [
        "verified",
        lookingBack.verifiedPerSecond,
        lookingBack.facts / lookingBack.commits,
        "one channel, with what runs",
      ],
    ],
  )

const lookingBackTable = ({ lookingBack, explanations }: PartsReport): string => {
  const { facts, commits, checkpoints, middleFacts } = lookingBack
  const count = (figure: number): string => figure.toLocaleString("en")
  return `ms to look back\n${table(
    ["", "ms", ""],
    [
      [
        "replay --at the end",
        lookingBack.replayedAtEndMs,
        `${count(facts)} facts in ${count(commits)} commits, checkpoints: ${checkpoints}`,
      ],
      [
        "replay --at the middle",
        lookingBack.replayedInMiddleMs,
        `behind ${count(middleFacts)} facts${checkpoints === 0 ? "" : ", directly before a checkpoint"}`,
      ],
      [
        "explain",
        explanations.medianMs,
        `${explanations.questions} requests of ${count(explanations.facts)} facts, at worst ${explanations.worstMs.toFixed(0)} ms`,
      ],
    ],
  )}`
}
