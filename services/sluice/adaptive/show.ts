import type { ListedAnswer, StatsAnswer, SummaryAnswer } from "@sluice/infra/operations/adaptive-answer.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { formatTable, type TableLook } from "../query/table.ts"

type Adjustments = SummaryAnswer["recentAdjustments"] | StatsAnswer["recentAdjustments"]

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`

const rejectedOf = (of: { readonly concurrent429Count: number; readonly rpm429Count: number }): string =>
  `${counted(of.concurrent429Count, "rejection")} for concurrency, ${of.rpm429Count} for requests or tokens a minute`

const timed = (adjustments: Adjustments) =>
  adjustments.map(({ at, ...adjustment }) => ({ at: new Date(at).toISOString(), ...adjustment }))

const fieldOf = { account: "concurrency", channel: "maxConcurrent" } as const

/** Shows the accounts whose limit is learned, or the channels. */
export const showList = (
  all: ReadonlyArray<ListedAnswer>,
  kind: "account" | "channel",
  look: TableLook,
): string =>
  all.length === 0
    ? `no ${kind} learns its limit: say ${fieldOf[kind]}: adaptive in the file, or sluice adaptive mode ID on`
    : formatTable(
        all.map((one) => ({
          [kind]: one.id,
          name: one.name === one.id ? "" : one.name,
          ...(kind === "account" ? { channel: one.channel } : {}),
          effectiveLimit: one.effectiveLimit,
          learnedLimit: one.learnedLimit,
          rejectedForConcurrency: one.concurrency429Count,
          rejectedForRate: one.rpm429Count,
        })),
        look,
      )

/** Shows what a channel or an account knows of its limit. */
export const showStats = (stats: StatsAnswer, look: TableLook): string => {
  const { id, kind, adaptiveMode, effectiveLimit, learnedLimit, window, last429At, last429Type } = stats
  const limit = effectiveLimit === null ? "unlimited" : `at most ${effectiveLimit} at once`
  const learned = learnedLimit === null ? "" : `, ${learnedLimit} learned${adaptiveMode ? "" : " before"}`
  const last =
    last429At === null ? [] : [`the last rejection at ${new Date(last429At).toISOString()}: ${last429Type}`]
  const since = adaptiveMode ? `, ${counted(window.samples, "attempt")} since the last adjustment` : ""
  return [
    `${kind} ${visible(id)} (${adaptiveMode ? "adaptive" : "fixed"}): ${limit}${learned}`,
    `${window.inFlight} in flight${since}`,
    rejectedOf(stats),
    ...last,
    ...adjustmentLines(stats, look),
  ].join("\n")
}

/** Shows all limits that are learned in one. */
export const showSummary = (summary: SummaryAnswer, look: TableLook): string =>
  [
    `${counted(summary.adaptiveCount, "limit")} learned`,
    rejectedOf(summary),
    ...adjustmentLines(summary, look),
  ].join("\n")

const adjustmentLines = (
  of: { readonly adjustmentCount: number; readonly recentAdjustments: Adjustments },
  look: TableLook,
): ReadonlyArray<string> => [
  counted(of.adjustmentCount, "adjustment") + (of.recentAdjustments.length === 0 ? "" : ", the latest:"),
  ...(of.recentAdjustments.length === 0 ? [] : [formatTable(timed(of.recentAdjustments), look)]),
]
