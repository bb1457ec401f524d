import { longestSpanMs } from "@sluice/infra/clock/longest-span.ts"
import ms from "ms"

/** How a time can be given, for a description of a flag. */
export const whenForms =
  "2026-11-20T07:00Z, seconds or milliseconds since the epoch, or 15m for 15 minutes ago"

const epochSeconds = /^\d{10}$/u
const epochMs = /^\d{11,}$/u
const ago = /^-?\d+(\.\d+)?\s?[a-z]+$/iu

/**
 * Reads an instant from 1970 on: ISO 8601, seconds (ten digits) or milliseconds since the epoch, or a span before `nowMs` such as `15m` or `-2h`.
 *
 * Units: milliseconds since the epoch.
 * Fails: throws a `RangeError` that says what was expected.
 */
export const parseWhen = (text: string, nowMs: number): number => {
  const at = readWhen(text, nowMs)
  if (at >= 0 && at <= nowMs + longestSpanMs) return at
  throw new RangeError("expected a time from 1970 on that is at most 100 years ahead")
}

const readWhen = (text: string, nowMs: number): number => {
  if (epochSeconds.test(text)) return 1_000 * Number(text)
  if (epochMs.test(text) || text === "0") return Number(text)
  if (ago.test(text)) return nowMs - Math.abs(parseSpan(text))
  const at = /^\d{4}-/u.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw new RangeError(`expected a time: ${whenForms}`)
  return at
}

/**
 * Reads a span such as `90s`, `15m`, `1h` or `7d`, of at most a hundred years.
 *
 * Units: milliseconds.
 * Fails: throws a `RangeError` that says what was expected.
 */
export const parseSpan = (text: string): number => {
  // The types know only the spellings that they list; anything else gives `undefined`.
  const span: number | undefined = /[a-z]$/iu.test(text) ? ms(text as ms.StringValue) : undefined
  if (span === undefined || !Number.isFinite(span))
    throw new RangeError("expected a span with its unit, such as 90s, 15m, 1h or 7d")
  if (Math.abs(span) > longestSpanMs) throw new RangeError("expected a span of at most 100 years")
  return span
}
