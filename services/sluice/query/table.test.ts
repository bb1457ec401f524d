import { expect, test } from "vitest"
import { formatTable } from "./table.ts"

const look = { width: 100, colours: false }

test("headings have the units, numbers stand to the right, and amounts line up", () => {
  const rows = [
    { model: "demo-gpt", inputTokens: 18_060_000, costUsd: 19.0437 },
    { model: "demo-claude", inputTokens: 7, costUsd: 0.000021 },
  ]
  expect(formatTable(rows, look)).toBe(
    [
      "model             input       cost",
      "                 tokens        USD",
      "demo-gpt     18,060,000  19.043700",
      "demo-claude           7   0.000021",
    ].join("\n"),
  )
})

test("columns of nothing but 0 are named below the table", () => {
  const rows = [{ model: "demo-gpt", reasoningTokens: 0, unpriced: 0, endedBy: "" }]
  expect(formatTable(rows, look)).toMatch(/\n\(0 or empty: reasoning tokens, unpriced, ended by\)$/)
})

test("a time is UTC to the second", () => {
  expect(formatTable([{ start: "2026-11-20T07:01:02.345Z" }], look)).toBe("start\nUTC\n2026-11-20 07:01:02")
})

test("a table is never wider than it may be: texts go over more lines, and the longest are cut", () => {
  const row = Object.fromEntries(
    Array.from({ length: 9 }, (_, at) => [`column${at}`, "x".repeat(10 * at + 3)]),
  )
  const lines = formatTable([row], look).split("\n")
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100)
  expect(lines.join("\n")).toContain("…")
})

test("no rows is said in words, also where there are only sums over nothing", () => {
  expect(formatTable([], look)).toBe("no rows yet")
  expect(formatTable([{ requests: 0, costUsd: 0 }], look)).toBe("no rows yet")
})
