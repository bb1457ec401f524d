import { machineLine } from "../machine.ts"
import { barsTable, table } from "../tables.ts"
import type { FairnessReport } from "./fairness-report.ts"

/** Writes a report for people. */
export const fairnessText = (report: FairnessReport): string =>
  [
    machineLine(report.machine),
    `fairness and order: an upstream of ${report.plan.slots} slots and ${report.plan.serviceMs} ms a request, a queue of ${report.plan.queueSize}`,
    sharingTable(report),
    handOffTable(report),
    leavingTable(report),
    stormTable(report),
    barsTable(report.bars),
  ].join("\n\n")

const sharingTable = ({ sharing, plan: { sharing: load } }: FairnessReport): string =>
  table(
    [
      `two clients, ${load.seconds} s`,
      "client",
      "requests/s",
      "sent",
      "served",
      "p50 ms",
      "p95 ms",
      "answered with",
    ],
    sharing.map(({ contestant, client, sent, served, p50Ms, p95Ms, statuses }) => [
      contestant,
      client,
      load.perSecond[client],
      sent,
      served,
      p50Ms,
      p95Ms,
      Object.entries(statuses)
        .map(([status, count]) => `${status}: ${count}`)
        .join(", "),
    ]),
  )

const handOffTable = ({ handOff, plan }: FairnessReport): string => {
  const { perSecond, seconds, rounds } = plan.handOff
  const load = Math.round((100 * perSecond * plan.serviceMs) / (plan.slots * 1_000))
  return table(
    [
      `at ${load} % of the capacity, medians of ${rounds} × ${seconds} s`,
      "sent",
      "served",
      "wait p50 ms",
      "p95",
      "p99",
    ],
    handOff.map((one) => [one.contestant, one.sent, one.served, one.waitP50Ms, one.waitP95Ms, one.waitP99Ms]),
  )
}

const leavingTable = ({ leaving, plan }: FairnessReport): string =>
  table(
    [`clients that leave the queue after ${plan.leaving.leaveAfterMs} ms`, "left", "reached the upstream"],
    leaving.map(({ contestant, left, reachedUpstream }) => [contestant, left, reachedUpstream]),
  )

const stormTable = ({ storm, plan }: FairnessReport): string =>
  table(
    [
      `a storm over ${plan.storm.connections} connections`,
      "sent",
      "left",
      "served",
      "peak",
      "above the limit",
    ],
    [["sluice", storm.sent, storm.left, storm.served, storm.peakOffered, storm.aboveLimit]],
  )
