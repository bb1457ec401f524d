import type { NamedQuery } from "./query.ts"
import { readRowLimit, rowLimitParameter } from "./row-limit.ts"
import { rangeEnd, rangeStart, readTimeRange, timeRangeParameters } from "./time-range.ts"

/** What the windows of accounts cost, against their limits. Source: P7, D5, D6. */
export const windowCostQuery: NamedQuery = {
  name: "window-cost",
  about:
    "What the 5 h windows of each account cost by the list, now and before, and which share of the limit that is.",
  parameters: [
    ...timeRangeParameters,
    { name: "account", about: "only this one's, such as key-1", default: "" },
    rowLimitParameter,
  ],
  statement: (given, nowMs) => ({
    sql: `
      SELECT
        account,
        start,
        end,
        toBool(end > fromUnixTimestamp64Milli({now: Int64}, 'UTC')) AS current,
        source,
        state,
        requests,
        tokens,
        standardCostUsd,
        nullIf(limitUsd, 0) AS limitUsd,
        toFloat64(standardCostUsd) / toFloat64(limitUsd) AS share,
        length(stateChanges) AS stateChanges
      FROM sluice.window_cost
      WHERE start <= ${rangeEnd} AND end > ${rangeStart} AND ({account: String} = '' OR account = {account: String})
      ORDER BY start DESC, account
      LIMIT {limit: UInt32}`,
    parameters: {
      ...readTimeRange(given, nowMs),
      now: nowMs,
      account: given["account"] ?? "",
      limit: readRowLimit(given),
    },
  }),
}
