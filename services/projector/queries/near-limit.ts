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

/**
 * How each limit was made what it is: the last time that the configuration or an operator changed its kind or its number.
 *
 * What was configured again with the same limit keeps what an operator has said since.
 */
const kinds = `
  SELECT actor, version, \`index\`, adaptive, concurrency AS number, initial AS first
  FROM (
    SELECT *,
      if(adaptive, 'adaptive', ifNull(toString(concurrency), 'none')) AS kind,
      lagInFrame(kind, 1, '') OVER (
        PARTITION BY actor ORDER BY version, \`index\` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS before
    FROM sluice.limits FINAL
    WHERE at <= ${rangeEnd} AND NOT removed
  )
  WHERE kind != before
  UNION ALL
  SELECT actor, version, \`index\`, mode = 'adaptive' AS adaptive, \`to\` AS number, \`to\` AS first
  FROM sluice.adjustments FINAL
  WHERE at <= ${rangeEnd} AND reason = 'mode'`

/** The limit in force of each channel and account; of one that learns, what it was adjusted to last, or where it began. Source: F4. */
const limitsInForce = `
  WITH current AS (SELECT * FROM (${kinds}) ORDER BY version DESC, \`index\` DESC LIMIT 1 BY actor),
  learned AS (
    SELECT one.actor AS actor, argMax(one.\`to\`, (one.version, one.\`index\`)) AS last
    FROM sluice.adjustments AS one FINAL
    INNER JOIN current ON one.actor = current.actor
    WHERE one.at <= ${rangeEnd} AND one.reason != 'mode'
      AND (one.version, one.\`index\`) > (current.version, current.\`index\`)
    GROUP BY one.actor
  )
  SELECT current.actor AS actor, current.adaptive AS adaptive,
    if(current.adaptive, coalesce(learned.last, current.first), current.number) AS concurrency
  FROM current LEFT JOIN learned ON current.actor = learned.actor`

/** Who has little left of a limit. Source: P7, A3, D5, F4. */
export const nearLimitQuery: NamedQuery = {
  name: "near-limit",
  about:
    "Channels and accounts near a limit, configured or learned: their peak in flight against it, and the cost of the current window.",
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
      ), inForce AS (${limitsInForce}
      ), windows AS (
        SELECT concat('account/', account) AS actor, end, standardCostUsd FROM sluice.window_cost
        WHERE start <= ${rangeEnd} AND end > ${rangeEnd}
      )
      SELECT
        configured.actor AS actor,
        configured.channel AS channel,
        ifNull(peaks.peakInFlight, 0) AS peakInFlight,
        inForce.concurrency AS concurrency,
        inForce.adaptive AS adaptive,
        peakInFlight / inForce.concurrency AS inFlightShare,
        if(configured.windowLimitUsd IS NULL, NULL, windows.standardCostUsd) AS windowCostUsd,
        configured.windowLimitUsd AS windowLimitUsd,
        toFloat64(windowCostUsd) / toFloat64(configured.windowLimitUsd) AS windowShare,
        if(windows.end = 0 OR configured.windowLimitUsd IS NULL, NULL, windows.end) AS windowEnd
      FROM configured
      INNER JOIN inForce ON configured.actor = inForce.actor
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
