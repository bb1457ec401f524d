import { InvalidParameter } from "./invalid-parameter.ts"
import type { NamedQuery } from "./query.ts"

/** Everything that was decided together with something of one request. Source: R2, P7. */
export const requestQuery: NamedQuery = {
  name: "request",
  about: "The commits in which a request takes part, fact by fact and over all actors, in order.",
  parameters: [{ name: "request", about: "the id that its answer carried", default: null }],
  // What follows from the end of an attempt, such as a cooldown, names no request but stands behind it, so the others in between are told too.
  // The index on `request` finds the commits, and the key of the table their facts; any other condition here would read the column `request` of them all.
  statement: ({ request = "" }) => {
    if (request === "") throw new InvalidParameter({ parameter: "request", reason: "must be given" })
    return {
      sql: `
        SELECT at, sequence, subject, version, \`index\`, actor, type, request, lease, data
        FROM sluice.facts
        WHERE (subject, version) IN (SELECT subject, version FROM sluice.facts WHERE request = {request: String})
        ORDER BY at, sequence, \`index\`
        LIMIT 1 BY subject, version, \`index\``,
      parameters: { request },
    }
  },
}
