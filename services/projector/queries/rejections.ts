import type { NamedQuery } from "./query.ts"
import { readTimeRange, timeRangeParameters, withinRange } from "./time-range.ts"

/** Who was turned away, and why. Source: P7, A6, A11, E. */
export const rejectionsQuery: NamedQuery = {
  name: "rejections",
  about: "How often each channel turned requests away and why, and which codes clients got in the end.",
  parameters: timeRangeParameters,
  // A place that was given up because the request was served elsewhere, or its client left, was not refused.
  statement: (given, nowMs) => ({
    sql: `
      SELECT seenBy, channel, reason, status, count FROM (
        SELECT
          'channel' AS seenBy,
          substring(actor, position(actor, '/') + 1) AS channel,
          if(outcome = 'timed_out', 'queue_timeout', toString(why)) AS reason,
          CAST(NULL, 'Nullable(Int64)') AS status,
          sum(times) AS count
        FROM (
          SELECT actor, outcome, reason AS why, count AS times FROM sluice.admissions FINAL
          WHERE ${withinRange("at")} AND (outcome IN ('rejected', 'timed_out')
            OR outcome = 'abandoned' AND reason IN ('deadline', 'displaced', 'shutting_down'))
        )
        GROUP BY actor, outcome, why
        UNION ALL
        SELECT 'client' AS seenBy, toString(answeredBy) AS channel, toString(code) AS reason, toNullable(answered) AS status, sum(times) AS count
        FROM (
          SELECT channel AS answeredBy, code, status AS answered, count AS times FROM sluice.requests FINAL
          WHERE ${withinRange("at")} AND code NOT IN ('ok', 'client_closed', 'node_lost')
        )
        GROUP BY answeredBy, code, answered
      )
      ORDER BY seenBy, count DESC, channel, reason, status`,
    parameters: { ...readTimeRange(given, nowMs) },
  }),
}
