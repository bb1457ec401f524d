import { expect, test } from "vitest"
import { logGrowth } from "./log-growth.ts"

test.each([
  [
    { days: 14, bytes: 20e9 },
    "log: about 3.3 kB a request, so 285 MB a day at one request a second; kept for 14 days, or 20 GB, which 5 requests a second fill",
  ],
  [
    { days: 1, bytes: 1_500 },
    "log: about 3.3 kB a request, so 285 MB a day at one request a second; kept for 1 day, or 1.5 kB, which 0.0000053 requests a second fill",
  ],
])("S4: the expected growth of the log is said with what bounds it: %o", (retention, line) => {
  expect(logGrowth(retention)).toBe(line)
})
