import type { AnswerHeaders } from "./answered.ts"

const longestMs = 3_600_000

/**
 * Reads how long an upstream asks to be left alone, at most an hour; `null` where it does not say.
 *
 * Shape: `retry-after-ms`, or `retry-after` as integer or decimal seconds or as an HTTP date; a date that has passed is 0.
 * Source: C2, C3; RFC 9110, section 10.2.3.
 */
export const retryAfterMs = (headers: AnswerHeaders, nowMs: number): number | null =>
  inMs(headers["retry-after-ms"], 1) ??
  inMs(headers["retry-after"], 1000) ??
  untilDate(headers["retry-after"], nowMs)

const inMs = (value: string | string[] | undefined, unitMs: number): number | null => {
  if (typeof value !== "string" || !/^\s*\d{1,15}(\.\d{1,9})?\s*$/.test(value)) return null
  return Math.min(longestMs, Math.ceil(Number(value) * unitMs))
}

const untilDate = (value: string | string[] | undefined, nowMs: number): number | null => {
  if (typeof value !== "string" || !/^\s*[A-Za-z]{3}/.test(value)) return null
  const atMs = Date.parse(value)
  return Number.isNaN(atMs) ? null : Math.min(longestMs, Math.max(0, Math.ceil(atMs - nowMs)))
}
