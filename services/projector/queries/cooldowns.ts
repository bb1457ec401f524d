import { InvalidParameter } from "./invalid-parameter.ts"
import type { NamedQuery } from "./query.ts"
import { readTimeRange, timeRangeParameters, withinRange } from "./time-range.ts"

const defaultLimit = "100"

const readLimit = (text: string): number => {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= 10_000) return limit
  throw new InvalidParameter({ parameter: "limit", reason: `${JSON.stringify(text)} is not from 1 to 10000` })
}

/** When accounts and channels rested, and why. Source: P7, C3, C5. */
export const cooldownsQuery: NamedQuery = {
  name: "cooldowns",
  about: "The history of cooldowns, the latest first: whose, from when to when, and what caused them.",
  parameters: [
    ...timeRangeParameters,
    { name: "actor", about: "only this one's, such as account/key-1", default: "" },
    { name: "limit", about: "the most rows", default: defaultLimit },
  ],
  statement: (given, nowMs) => ({
    sql: `
      SELECT actor, id, start, end, until, durationMs, consecutive, classification, status, source, summary, evidence, endedBy
      FROM sluice.cooldowns
      WHERE ${withinRange("start")} AND ({actor: String} = '' OR actor = {actor: String})
      ORDER BY start DESC, actor, id
      LIMIT {limit: UInt32}`,
    parameters: {
      ...readTimeRange(given, nowMs),
      actor: given["actor"] ?? "",
      limit: readLimit(given["limit"] ?? defaultLimit),
    },
  }),
}
