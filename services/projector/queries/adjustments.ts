import { InvalidParameter } from "./invalid-parameter.ts"
import type { GivenParameters, NamedQuery } from "./query.ts"
import { readTimeRange, withinRange } from "./time-range.ts"

/** Further back than any fact. */
const ever = "10000d"
/** More than any answer holds. */
const all = 0xffff_ffff

/** A number says how many, a span how far back; nothing: all. */
const readLast = ({ last = "", ...given }: GivenParameters, nowMs: number) => {
  const isCount = /^\d+$/.test(last)
  const count = isCount ? Number(last) : all
  if (count < 1 || count > all)
    throw new InvalidParameter({
      parameter: "last",
      reason: `${JSON.stringify(last)} is not from 1 to ${all}`,
    })
  return { ...readTimeRange(isCount ? given : { ...given, last }, nowMs, ever), count }
}

/** How limits were adjusted, all of it or the last of it. Source: P7, F3. */
export const adjustmentsQuery: NamedQuery = {
  name: "adjustments",
  about: "How limits were adjusted, the latest first: by what was found, and by operators.",
  parameters: [
    { name: "actor", about: "only this one's, such as account/key-1", default: "" },
    {
      name: "last",
      about: "how many, such as 20, or how far back, such as 24h; by default all",
      default: "",
    },
    { name: "from", about: "the first instant: ISO 8601 or milliseconds since the epoch", default: "" },
    { name: "to", about: "the last instant, likewise; by default now", default: "" },
  ],
  statement: (given, nowMs) => ({
    sql: `
      SELECT at, actor, \`from\`, \`to\`, reason, mode, classification, inFlight, utilization, samples, \`by\`
      FROM sluice.adjustments FINAL
      WHERE ${withinRange("at")} AND ({actor: String} = '' OR actor = {actor: String})
      ORDER BY at DESC, actor, version DESC, \`index\` DESC
      LIMIT {count: UInt32}`,
    parameters: { ...readLast(given, nowMs), actor: given["actor"] ?? "" },
  }),
}
