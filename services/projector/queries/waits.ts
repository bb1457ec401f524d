import type { NamedQuery } from "./query.ts"
import { readTimeRange, timeRangeParameters, withinRange } from "./time-range.ts"

/** How long requests waited for a slot. Source: P7, A6. */
export const waitsQuery: NamedQuery = {
  name: "waits",
  about: "How long admitted requests waited in each channel's queue, and how many were not admitted.",
  parameters: timeRangeParameters,
  statement: (given, nowMs) => ({
    sql: `
      SELECT
        substring(actor, position(actor, '/') + 1) AS channel,
        countIf(outcome = 'acquired') AS acquired,
        countIf(outcome = 'acquired' AND waitMs > 0) AS waited,
        quantileExactIf(0.5)(waitMs, outcome = 'acquired') AS p50Ms,
        quantileExactIf(0.95)(waitMs, outcome = 'acquired') AS p95Ms,
        quantileExactIf(0.99)(waitMs, outcome = 'acquired') AS p99Ms,
        maxIf(waitMs, outcome = 'acquired') AS maxMs,
        countIf(outcome = 'timed_out') AS timedOut,
        countIf(outcome = 'abandoned') AS abandoned,
        sumIf(count, outcome = 'rejected') AS rejected
      FROM sluice.admissions FINAL
      WHERE ${withinRange("at")}
      GROUP BY actor
      ORDER BY channel`,
    parameters: { ...readTimeRange(given, nowMs) },
  }),
}
