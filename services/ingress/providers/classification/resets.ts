import type { AnswerHeaders } from "./answered.ts"

/** How far ahead an official reset is believed, by the length of the limit that it is of. Units: milliseconds. Source: C3. */
export const believedMs = { ofFiveHours: 6 * 3_600_000, ofSevenDays: 8 * 86_400_000, ofOthers: 3_600_000 }

/** One value of a header, as it came. */
export type HeaderValue = AnswerHeaders[string]

/** Lets an instant through that lies ahead and not too far; `null` for any other. Source: C3. */
export const believedReset = (
  atMs: number | undefined,
  { nowMs, withinMs }: { readonly nowMs: number; readonly withinMs: number },
): number | null => {
  if (atMs === undefined) return null
  const at = Math.ceil(atMs)
  return at > nowMs && at - nowMs <= withinMs ? at : null
}

/** Returns the latest of some resets, since a request must pass every limit that is used up; `null` where none is believed. */
export const latestReset = (resets: ReadonlyArray<number | null>): number | null =>
  resets.reduce((latest, reset) => (latest === null || (reset ?? 0) > latest ? reset : latest), null)

/** Reads a plain decimal number. */
export const numberOf = (value: HeaderValue): number | undefined =>
  typeof value === "string" && /^\s*-?\d{1,15}(\.\d{1,15})?\s*$/.test(value) ? Number(value) : undefined

/** Reads an instant. Shape: RFC 3339. */
export const instantOf = (value: HeaderValue): number | undefined => {
  if (typeof value !== "string") return undefined
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.test(value.trim())) return undefined
  const atMs = Date.parse(value.trim())
  return Number.isNaN(atMs) ? undefined : atMs
}

/** Reads an instant. Shape: seconds since the epoch. */
export const epochSecondsOf = (value: HeaderValue): number | undefined => {
  const seconds = numberOf(value)
  return seconds === undefined ? undefined : seconds * 1000
}

const duration =
  /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d{1,12})?)s)?(?:(\d{1,9}(?:\.\d{1,12})?)ms)?$/
const unitsMs = [86_400_000, 3_600_000, 60_000, 1000, 1]

/** Reads a span. Shape: as OpenAI and Google write it: `6m0s`, `1.5s`, `20ms`. Units: milliseconds. */
export const durationMsOf = (value: HeaderValue): number | undefined => {
  if (typeof value !== "string" || value.trim() === "") return undefined
  const parts = duration.exec(value.trim())
  if (parts === null) return undefined
  return unitsMs.reduce((sum, unitMs, at) => sum + Number(parts[at + 1] ?? 0) * unitMs, 0)
}

const firstEpochSeconds = 1_000_000_000
const firstEpochMs = 100_000_000_000

/** Reads a reset of which nobody says how it is written: a span in seconds, seconds or milliseconds since the epoch, an instant or a duration. */
export const anyResetOf = (value: HeaderValue, nowMs: number): number | undefined => {
  const number = numberOf(value)
  if (number !== undefined) {
    if (number >= firstEpochMs) return number
    return number >= firstEpochSeconds ? number * 1000 : nowMs + number * 1000
  }
  const spanMs = durationMsOf(value)
  return spanMs === undefined ? instantOf(value) : nowMs + spanMs
}
