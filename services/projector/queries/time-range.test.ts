import { expect, test } from "vitest"
import { readTimeRange } from "./time-range.ts"

const nowMs = Date.UTC(2026, 10, 20, 12)
const hourMs = 3_600_000

test("without anything given it is the last day", () => {
  expect(readTimeRange({}, nowMs)).toEqual({ from: nowMs - 24 * hourMs, to: nowMs })
})

test("a span ends now, or at a given instant", () => {
  expect(readTimeRange({ last: "15m" }, nowMs)).toEqual({ from: nowMs - hourMs / 4, to: nowMs })
  expect(readTimeRange({ last: "2h", to: "2026-11-01T00:00:00Z" }, nowMs)).toEqual({
    from: Date.UTC(2026, 9, 31, 22),
    to: Date.UTC(2026, 10, 1),
  })
})

test("an instant is ISO 8601 or milliseconds since the epoch", () => {
  expect(readTimeRange({ from: "2026-09-01", to: "1790000000123" }, nowMs)).toEqual({
    from: Date.UTC(2026, 8, 1),
    to: 1_790_000_000_123,
  })
})

test.each([
  [{ last: "soon" }, 'last: "soon" is no span such as 15m, 24h or 7d'],
  [{ last: "99999999d" }, "last: is longer than 100 years"],
  [{ last: `${"9".repeat(400)}s` }, "last: is longer than 100 years"],
  [{ from: "9007199254740991" }, "from: is not from 1970 on and at most 100 years ahead"],
  [{ to: "0001-01-01" }, "to: is not from 1970 on and at most 100 years ahead"],
  [{ from: "2026-11-02", to: "2026-11-01" }, "from: lies after to"],
  [{ from: "1790000000123", last: "1h" }, "last: cannot be given together with from"],
  [{ to: "noon" }, 'to: "noon" is neither an ISO 8601 time nor milliseconds since the epoch'],
])("what cannot be read is named: %j", (given, message) => {
  expect(() => readTimeRange(given, nowMs)).toThrow(message)
})
