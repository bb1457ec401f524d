import { InvalidParameter } from "./invalid-parameter.ts"
import type { NamedQuery } from "./query.ts"
import { rangeEnd, readTimeRange, timeRangeParametersOver, withinRange } from "./time-range.ts"

const usualSpan = "15m"
const usualShare = "0.8"

const readShare = (text: string): number => {
  const share = Number(text)
  if (text.trim() !== "" && share >= 0 && share <= 1) return share
  throw new InvalidParameter({ parameter: "share", reason: `${JSON.stringify(text)} is not from 0 to 1` })
}

/** Who has little left of what was configured. Source: P7, A3, D5. */
export const nearLimitQuery: NamedQuery = {
  name: "near-limit",
  about:
    "Channels and accounts near a configured limit: their peak in flight against it, and the cost of the current window.",
  parameters: [
    ...timeRangeParametersOver(usualSpan),
    {
      name: "share",
      about: "the least share of a limit that counts as near, from 0 to 1",
      default: usualShare,
    },
  ],
  statement: (given, nowMs) => ({
    sql: `
      WITH configured AS (
        SELECT * FROM (
          SELECT * FROM sluice.limits FINAL
          WHERE at <= ${rangeEnd}
          ORDER BY at DESC, version DESC, \`index\` DESC
          LIMIT 1 BY actor
        ) WHERE NOT removed
      ), peaks AS (
        SELECT actor, max(inFlight) AS peakInFlight
        FROM (
          SELECT toString(actor) AS actor, inFlight FROM sluice.admissions WHERE ${withinRange("at")}
          UNION ALL
          SELECT concat('account/', account) AS actor, accountInFlight AS inFlight FROM sluice.admissions
          WHERE ${withinRange("at")} AND account != ''
        )
        GROUP BY actor
      ), windows AS (
        SELECT concat('account/', account) AS actor, end, standardCostUsd FROM sluice.window_cost
        WHERE start <= ${rangeEnd} AND end > ${rangeEnd}
      )
      SELECT
        configured.actor AS actor,
        configured.channel AS channel,
        ifNull(peaks.peakInFlight, 0) AS peakInFlight,
        configured.concurrency AS concurrency,
        peakInFlight / configured.concurrency AS inFlightShare,
        if(configured.windowLimitUsd IS NULL, NULL, windows.standardCostUsd) AS windowCostUsd,
        configured.windowLimitUsd AS windowLimitUsd,
        toFloat64(windowCostUsd) / toFloat64(configured.windowLimitUsd) AS windowShare,
        if(windows.end = 0 OR configured.windowLimitUsd IS NULL, NULL, windows.end) AS windowEnd
      FROM configured
      LEFT JOIN peaks ON configured.actor = peaks.actor
      LEFT JOIN windows ON configured.actor = windows.actor
      WHERE greatest(ifNull(inFlightShare, 0), ifNull(windowShare, 0)) >= {share: Float64}
        AND (concurrency IS NOT NULL OR windowLimitUsd IS NOT NULL)
      ORDER BY greatest(ifNull(inFlightShare, 0), ifNull(windowShare, 0)) DESC, actor`,
    parameters: {
      ...readTimeRange(given, nowMs, usualSpan),
      share: readShare(given["share"] ?? usualShare),
    },
  }),
}
