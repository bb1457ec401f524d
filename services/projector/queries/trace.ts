import type { NamedQuery } from "./query.ts"
import { readTimeRange, timeRangeParameters, withinRange } from "./time-range.ts"

/** What became of the requests of a span of time, in one row. */
export const traceQuery: NamedQuery = {
  name: "trace",
  about:
    "What became of the requests that arrived in a span of time: statuses, codes, waits, tokens and cost.",
  parameters: timeRangeParameters,
  statement: (given, nowMs) => ({
    sql: `
      WITH arrived AS (
        -- One that was refused when it arrived has not waited; it would make the queue look shorter than it was.
        SELECT *, attempts = 0 AND waitMs = 0 AS refusedAtOnce FROM sluice.requests FINAL
        WHERE ${withinRange("arrivedAt")} AND at >= fromUnixTimestamp64Milli({from: Int64}, 'UTC')
      ), used AS (
        SELECT * FROM sluice.usage FINAL
        WHERE request IN (SELECT request FROM arrived) AND at >= fromUnixTimestamp64Milli({from: Int64}, 'UTC')
      )
      SELECT
        sum(count) AS requests,
        countIf(status BETWEEN 200 AND 299 AND code = 'ok') AS completed,
        sumMap(map(toString(status), count)) AS statuses,
        sumMapIf(map(toString(code), count), code != 'ok') AS codes,
        sum(rateLimited) AS upstream429,
        quantileExactIf(0.5)(waitMs, NOT refusedAtOnce) AS waitP50Ms,
        quantileExactIf(0.95)(waitMs, NOT refusedAtOnce) AS waitP95Ms,
        quantileExactIf(0.99)(waitMs, NOT refusedAtOnce) AS waitP99Ms,
        (SELECT sum(inputTokens) FROM used) AS inputTokens,
        (SELECT sum(outputTokens) FROM used) AS outputTokens,
        (SELECT sum(costUsd) FROM used) AS costUsd
      FROM arrived`,
    parameters: { ...readTimeRange(given, nowMs) },
  }),
}
