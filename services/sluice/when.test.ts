import { expect, test } from "vitest"
import { parseSpan, parseWhen } from "./when.ts"

const now = Date.UTC(2026, 10, 20, 7, 30)

test.each([
  ["2026-11-20T07:00:00Z", Date.UTC(2026, 10, 20, 7)],
  ["2026-11-20", Date.UTC(2026, 10, 20)],
  ["1790000000123", 1_790_000_000_123],
  ["1790000000", 1_790_000_000_000],
  ["0", 0],
  ["15m", now - 900_000],
  ["-15m", now - 900_000],
  ["-1.5h", now - 5_400_000],
  ["2d", now - 172_800_000],
])("%s is an instant", (text, at) => {
  expect(parseWhen(text, now)).toBe(at)
})

test.each(["yesterday", "15", "15 parsecs", "", "2026-13-45", "-"])("%j is no instant", (text) => {
  expect(() => parseWhen(text, now)).toThrow(RangeError)
})

test.each([
  "9".repeat(400),
  "99999999999999999",
  "0001-01-01",
  "9999-12-31",
  "99999999d",
  "-99999999d",
  "1e9999d",
])("%s is refused, and not taken for another time", (text) => {
  expect(() => parseWhen(text, now)).toThrow(/^expected a (time|span)/u)
})

test("a span needs its unit", () => {
  expect(parseSpan("90s")).toBe(90_000)
  expect(parseSpan("1h")).toBe(3_600_000)
  for (const text of ["90", "", "h", "soon", "36526d", "-101y", `${"9".repeat(400)}d`])
    expect(() => parseSpan(text)).toThrow(RangeError)
})
