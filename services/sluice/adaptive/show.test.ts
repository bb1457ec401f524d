import type { StatsAnswer } from "@sluice/infra/operations/adaptive-answer.ts"
import { expect, test } from "vitest"
import { showList, showStats, showSummary } from "./show.ts"

const look = { width: 100, colours: false }
const at = Date.parse("2026-11-20T07:01:02Z")
const adjustment = { at, from: 12, to: 10, reason: "rejected" }

const listed = {
  id: "openai-main",
  name: "openai-main",
  channel: "openai",
  isAdaptive: true,
  maxConcurrent: null,
  effectiveLimit: 2,
  learnedLimit: 12,
  concurrency429Count: 3,
  rpm429Count: 0,
}

const stats: StatsAnswer = {
  id: "openai-main",
  kind: "account",
  adaptiveMode: true,
  maxConcurrent: null,
  effectiveLimit: 2,
  learnedLimit: 12,
  concurrent429Count: 1,
  rpm429Count: 4,
  last429At: at,
  last429Type: "tokens",
  adjustmentCount: 17,
  recentAdjustments: [adjustment],
  window: { samples: 1, inFlight: 2, utilization: 1 },
}

test("the accounts that learn are a line each, with what is enforced beside what was learned", () => {
  const table = showList([listed, { ...listed, id: "openai-spare", name: "Spare" }], "account", look)
  expect(table).toMatch(/openai-main +openai +2 +12 +3$/m)
  expect(table).toMatch(/openai-spare +Spare +openai +2 +12 +3$/m)
  expect(Math.max(...table.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
})

test("channels that learn are a line each", () => {
  const table = showList([{ ...listed, id: "local", name: "local", channel: "local" }], "channel", look)
  expect(table).toMatch(/^channel +effective/)
  expect(table).toMatch(/local +2 +12 +3$/m)
  expect(showStats({ ...stats, id: "local", kind: "channel" }, look)).toMatch(/^channel local \(adaptive\)/)
})

test("where no account learns, it is said how one does", () => {
  expect(showList([], "account", look)).toMatch(/^no account learns its limit: .*adaptive mode ID on$/)
  expect(showList([], "channel", look)).toMatch(/^no channel learns its limit: say maxConcurrent: adaptive/)
})

test("what an account knows is a few lines and its last adjustments", () => {
  expect(showStats(stats, look).split("\n").slice(0, 5)).toEqual([
    "account openai-main (adaptive): at most 2 at once, 12 learned",
    "2 in flight, 1 attempt since the last adjustment",
    "1 rejection for concurrency, 4 for requests or tokens a minute",
    "the last rejection at 2026-11-20T07:01:02.000Z: tokens",
    "17 adjustments, the latest:",
  ])
  expect(showStats(stats, look)).toMatch(/2026-11-20 07:01:02 +12 +10 +rejected$/)
})

test("a fixed limit says what was learned before it, and one that never was says no more", () => {
  const fixed = { ...stats, adaptiveMode: false, maxConcurrent: 2, recentAdjustments: [], adjustmentCount: 0 }
  expect(showStats(fixed, look)).toMatch(
    /^account openai-main \(fixed\): at most 2 at once, 12 learned before\n/,
  )
  const never = { ...fixed, learnedLimit: null, effectiveLimit: null, last429At: null, last429Type: null }
  expect(showStats(never, look).split("\n")).toEqual([
    "account openai-main (fixed): unlimited",
    "2 in flight",
    "1 rejection for concurrency, 4 for requests or tokens a minute",
    "0 adjustments",
  ])
})

test("the summary names the account of each adjustment", () => {
  const recentAdjustments = [{ id: "openai-main", name: "Team", ...adjustment }]
  const counts = { adaptiveCount: 2, concurrent429Count: 5, rpm429Count: 1, adjustmentCount: 17 }
  const shown = showSummary({ ...counts, recentAdjustments }, look)
  expect(shown).toMatch(/^2 limits learned\n5 rejections for concurrency, 1 for requests/)
  expect(shown).toMatch(/openai-main +Team +12 +10 +rejected$/)
})
