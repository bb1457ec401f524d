import type { NamedQuery } from "./query.ts"
import { readRowLimit, rowLimitParameter } from "./row-limit.ts"
import { readTimeRange, timeRangeParameters, withinRange } from "./time-range.ts"

/** When accounts and channels rested, and why. Source: P7, C3, C5. */
export const cooldownsQuery: NamedQuery = {
  name: "cooldowns",
  about: "The history of cooldowns, the latest first: whose, from when to when, and what caused them.",
  parameters: [
    ...timeRangeParameters,
    { name: "actor", about: "only this one's, such as account/key-1", default: "" },
    rowLimitParameter,
  ],
  statement: (given, nowMs) => ({
    sql: `
      SELECT actor, model, id, start, end, until, durationMs, consecutive, classification, status, source, summary, evidence, endedBy
      FROM sluice.cooldowns
      WHERE ${withinRange("start")} AND ({actor: String} = '' OR actor = {actor: String})
      ORDER BY start DESC, actor, id
      LIMIT {limit: UInt32}`,
    parameters: {
      ...readTimeRange(given, nowMs),
      actor: given["actor"] ?? "",
      limit: readRowLimit(given),
    },
  }),
}
