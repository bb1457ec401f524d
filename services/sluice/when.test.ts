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

test("a span needs its unit", () => {
  expect(parseSpan("90s")).toBe(90_000)
  expect(parseSpan("1h")).toBe(3_600_000)
  for (const text of ["90", "", "h", "soon"]) expect(() => parseSpan(text)).toThrow(RangeError)
})
