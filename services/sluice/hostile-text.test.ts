import { stripVTControlCharacters } from "node:util"
import type { Fact } from "@sluice/events/commit.ts"
import type { Diagnosis } from "@sluice/infra/operations/diagnosis.ts"
import type { Story } from "@sluice/replay/explain/story.ts"
import type { ReplayedState } from "@sluice/replay/replay-actor.ts"
import { type InvariantName, invariants } from "@sluice/replay/verify/invariant.ts"
import { expect, test } from "vitest"
import { showStats } from "./adaptive/show.ts"
import { storyText } from "./explain/story-text.ts"
import { formatTable } from "./query/table.ts"
import { changeLines, stateText } from "./replay/state-text.ts"
import { factLine } from "./tail/fact-line.ts"
import { formatReport } from "./trace/format-report.ts"
import { reportText } from "./verify/report-text.ts"

const bad = "\u001b]0;owned\u0007\u001b[2J\r\n\u009b\u202e"
const shown = String.raw`\u001b]0;owned\u0007\u001b[2J\u000d\u000a\u009b\u202e`
const at = Date.UTC(2026, 10, 20)
const look = { colours: true }

const fact: Fact = {
  actor: `account/${bad}`,
  type: "account.suspended",
  at,
  reason: "credential",
  status: 401,
  summary: bad,
  evidence: {},
} as unknown as Fact

const story = {
  request: bad,
  arrivedAt: at,
  status: 502,
  code: bad,
  story: [{ at, actor: "", sentence: `model ${bad}` }],
} as unknown as Story

const state: ReplayedState = {
  kind: "state",
  actor: `channel/${bad}`,
  version: 1,
  commit: "c",
  sequence: 1,
  at,
  value: { admission: bad },
  context: { models: [bad], [bad]: bad, leases: { [bad]: { model: bad } }, lanes: { waiters: {} } },
}

const counts = Object.fromEntries(
  (Object.keys(invariants) as ReadonlyArray<InvariantName>).map((name) => [
    name,
    { checked: 1, violated: 0 },
  ]),
) as Readonly<Record<InvariantName, { checked: number; violated: number }>>
const violation = {
  invariant: "order",
  subject: bad,
  commit: "c",
  version: 1,
  sequence: 1,
  at,
  problem: bad,
} as const
const report = { commits: 1, facts: 1, counts, violations: [violation], unreached: [] }

const figures = {
  requests: 1,
  completed: 1,
  statuses: {},
  codes: { [bad]: 1 },
  upstream429: 0,
  upstreamPeak: 0,
  limit: null,
  waitMs: { p50: 0, p95: 0, p99: 0 },
  tokens: { input: 0, output: 0 },
  costUsd: 0,
  lagFacts: 0,
} as unknown as Parameters<typeof formatReport>[0]

const stats = {
  id: bad,
  kind: "account",
  adaptiveMode: true,
  window: { inFlight: 0, samples: 0 },
  last429At: null,
  recentAdjustments: [{ at, reason: bad }],
} as unknown as Parameters<typeof showStats>[0]

const diagnosis = { channel: bad, account: bad, model: bad } as unknown as Diagnosis

test.each([
  ["a table", () => formatTable([{ ...diagnosis }], { width: 400, ...look })],
  ["a fact of tail and replay", () => factLine(fact, look)],
  ["a story of explain", () => storyText(story, look)],
  ["a state of replay", () => stateText(state, look)],
  ["the changes of replay", () => changeLines([{ path: bad, from: bad, to: bad }], look)],
  ["the report of verify", () => reportText(report, 1, look)],
  ["the figures of adaptive", () => showStats(stats, { width: 400, ...look })],
  ["the report of trace", () => formatReport(figures, { file: bad, speed: 1, model: bad, tookMs: 1 })],
])("%s shows what a terminal would obey", (_, format) => {
  const text = format()
  expect(text.replaceAll(/\s+/gu, "")).toContain(shown)
  expect(stripVTControlCharacters(text)).not.toMatch(/[^\P{Cc}\n\t]|\p{Cf}/u)
  expect(text).not.toContain("owned\u0007")
  expect(text).not.toContain("\u001b[2J")
})
