import { longestSpanMs } from "@sluice/infra/clock/longest-span.ts"
import { InvalidParameter } from "./invalid-parameter.ts"
import type { GivenParameters, ParameterInfo } from "./query.ts"

const usualSpan = "24h"

/** The parameters of a query over a span of time; how far back it goes where nothing is said differs. */
export const timeRangeParametersOver = (span: string): ReadonlyArray<ParameterInfo> => [
  { name: "last", about: "how far back, such as 15m, 24h or 7d; not together with from", default: span },
  { name: "from", about: "the first instant: ISO 8601 or milliseconds since the epoch", default: "" },
  { name: "to", about: "the last instant, likewise; by default now", default: "" },
]

/** The parameters of a query over the last day, or another span of time. */
export const timeRangeParameters: ReadonlyArray<ParameterInfo> = timeRangeParametersOver(usualSpan)

/** Units: milliseconds since the epoch; both instants belong to it. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

const unitsMs = new Map([
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
])

const readSpan = (text: string): number => {
  const [, count, unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? []
  const unitMs = unitsMs.get(unit)
  if (unitMs === undefined)
    throw new InvalidParameter({
      parameter: "last",
      reason: `${JSON.stringify(text)} is no span such as 15m, 24h or 7d`,
    })
  const spanMs = Number(count) * unitMs
  if (spanMs <= longestSpanMs) return spanMs
  throw new InvalidParameter({ parameter: "last", reason: "is longer than 100 years" })
}

const readInstant = (parameter: string, text: string, nowMs: number): number => {
  const instant = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  const isBelieved = instant >= 0 && instant <= nowMs + longestSpanMs
  if (Number.isSafeInteger(instant) && isBelieved) return instant
  const reason = Number.isFinite(instant)
    ? "is not from 1970 on and at most 100 years ahead"
    : `${JSON.stringify(text)} is neither an ISO 8601 time nor milliseconds since the epoch`
  throw new InvalidParameter({ parameter, reason })
}

/**
 * Reads a span of time: `from` and `to`, or `last`.
 *
 * Fails: throws `InvalidParameter`.
 */
export const readTimeRange = (given: GivenParameters, nowMs: number, span = usualSpan): TimeRange => {
  const { from = "", to = "", last = "" } = given
  if (from !== "" && last !== "")
    throw new InvalidParameter({ parameter: "last", reason: "cannot be given together with from" })
  const end = to === "" ? nowMs : readInstant("to", to, nowMs)
  const begin = from === "" ? end - readSpan(last === "" ? span : last) : readInstant("from", from, nowMs)
  if (begin > end) throw new InvalidParameter({ parameter: "from", reason: "lies after to" })
  return { from: begin, to: end }
}

/** The first instant of the range that stands in the parameters. */
export const rangeStart = "fromUnixTimestamp64Milli({from: Int64}, 'UTC')"

/** Its last instant. */
export const rangeEnd = "fromUnixTimestamp64Milli({to: Int64}, 'UTC')"

/** Restricts a column to the range that stands in the parameters. */
export const withinRange = (column: string): string => `${column} BETWEEN ${rangeStart} AND ${rangeEnd}`
