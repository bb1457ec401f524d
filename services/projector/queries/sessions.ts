import type { NamedQuery } from "./query.ts"
import { readRowLimit, rowLimitParameter } from "./row-limit.ts"
import { rangeEnd, rangeStart, readTimeRange, timeRangeParameters } from "./time-range.ts"

/** Which conversations keep which account busy. Source: P7, B6. */
export const sessionsQuery: NamedQuery = {
  name: "sessions",
  about:
    "The sessions registered on accounts, the busiest first: requests, since when, last seen, and how it ended.",
  parameters: [
    ...timeRangeParameters,
    { name: "account", about: "only this one's, such as key-1", default: "" },
    rowLimitParameter,
  ],
  // A session is registered in the commit of its lease, so the admission of that very time belongs to the stay.
  statement: (given, nowMs) => ({
    sql: `
      WITH stays AS (
        SELECT account, session, stay, assumeNotNull(registered) AS registered, lastSeen, ended, why FROM sluice.sessions
        WHERE registered <= ${rangeEnd} AND (ended IS NULL OR ended >= ${rangeStart})
          AND ({account: String} = '' OR account = {account: String})
      ), admitted AS (
        SELECT account, session, request, at FROM sluice.admissions
        WHERE outcome = 'acquired' AND session != '' AND at >= (SELECT min(registered) FROM stays) AND at <= ${rangeEnd}
      ), joined AS (
        SELECT stays.*, admitted.request AS request, admitted.at AS admittedAt,
          request != '' AND admittedAt >= registered AND (ended IS NULL OR admittedAt <= ended) AS isOfStay
        FROM stays
        LEFT JOIN admitted ON stays.account = admitted.account AND stays.session = admitted.session
      )
      SELECT
        account,
        session,
        uniqExactIf(request, isOfStay AND admittedAt >= ${rangeStart}) AS requests,
        registered,
        greatest(registered, any(joined.lastSeen), maxOrNullIf(admittedAt, isOfStay)) AS lastSeen,
        toBool(ended IS NULL) AS active,
        ended,
        why
      FROM joined
      GROUP BY account, session, stay, registered, ended, why
      ORDER BY requests DESC, registered DESC, account, session
      LIMIT {limit: UInt32}`,
    parameters: {
      ...readTimeRange(given, nowMs),
      account: given["account"] ?? "",
      limit: readRowLimit(given),
    },
  }),
}
