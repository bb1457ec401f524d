import type { Outcome } from "@sluice/simulation/what-if/outcome.ts"
import { expect, test } from "vitest"
import { formatOutcomes } from "./format-outcomes.ts"

const channel = { channel: "main", meanInFlight: 3, utilization: 0.75, attempts: 103, rejections: 3 }
const idle = { channel: "idle", meanInFlight: 0, utilization: null, attempts: 0, rejections: 0 }

const outcome: Outcome = {
  requests: 1_200,
  completed: 1_000,
  codes: { channel_queue_full: 200 },
  attempts: 1_003,
  rejections: 3,
  waits: { p50: 10, p95: 1_234, p99: 5_000 },
  costNanoUsd: 1_500_000_000,
  channels: [channel, idle],
}
const other: Outcome = {
  ...outcome,
  completed: 1_100,
  codes: { all_cooling: 100 },
  rejections: 9,
  channels: [{ ...channel, channel: "x".repeat(55), utilization: null }],
}

const shown = {
  recorded: outcome,
  again: outcome,
  other,
  span: { fromMs: Date.UTC(2026, 10, 20, 7), toMs: Date.UTC(2026, 10, 20, 8) },
  seed: 7,
  name: "a-rather-long-name-of-a-file.yaml",
  differences: [],
}
const lineOf = (text: string, label: string) => {
  const line = text.split("\n").find((one) => one.startsWith(`${label} `))
  return line?.slice(label.length).trim().split(/ {2,}/u)
}

test("figures stand side by side, with what changes from the run as configured to the other one", () => {
  const text = formatOutcomes(shown, false)
  expect(text).toMatch(/^Requests that arrived from 2026-11-20 07:00:00 to 2026-11-20 08:00:00 UTC, seed 7\n/)
  expect(lineOf(text, "completed")).toEqual(["1,000", "1,000", "1,100", "+10.0 %"])
  expect(lineOf(text, "channel_queue_full")).toEqual(["200", "200", "0", "−100 %"])
  expect(lineOf(text, "all_cooling")).toEqual(["0", "0", "100", "new"])
  expect(lineOf(text, "wait s, p95")).toEqual(["1.23", "1.23", "1.23"])
  expect(lineOf(text, "main: limit used %")).toEqual(["75.0", "75.0", "–"])
  expect(text).not.toContain("idle")
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
})

test("what gets better is green, what gets worse is red, and what is neither has no colour", () => {
  const text = formatOutcomes(shown, true)
  expect(text).toContain("\u001B[32m+10.0 %\u001B[39m")
  expect(text).toContain("\u001B[31m+200 %\u001B[39m")
  expect(formatOutcomes({ ...shown, other: { ...outcome, attempts: 2_006 } }, true)).toMatch(/[^m]\+100 %/)
})

test("where the run as configured is off, that is said with its figures", () => {
  const differences = [{ what: "completed", recorded: 1_000, again: 900 }]
  const text = formatOutcomes({ ...shown, differences }, false)
  expect(text).toContain(
    "it differs by more than 2 % from what was recorded:\n  completed: 900 instead of 1000\n",
  )
})
