import { stripVTControlCharacters } from "node:util"
import type { ReplayedState } from "@sluice/replay/replay-actor.ts"
import { expect, test } from "vitest"
import { changeLines, stateText } from "./state-text.ts"

const at = Date.UTC(2026, 10, 20, 7, 8, 9, 12)
const lease = (request: string) => ({ request, account: "key-1", client: "bob", model: "m", acquiredAt: at })

const state: ReplayedState = {
  kind: "state",
  actor: "channel/openai-1",
  version: 42,
  commit: "01M8",
  sequence: 99,
  at,
  value: { admission: "saturated", health: "healthy" },
  context: {
    config: { id: "openai-1", maxConcurrent: 4, note: "", models: ["m", "n"], cooldown: { baseMs: 5_000 } },
    leases: { "r1.1": lease("r1"), "r2.1": lease("r2"), "r3.1": lease("r3"), "r4.1": lease("r4") },
    lanes: { order: "fair", waiters: {} },
    cooldown: null,
    rejections: { rpm: 0 },
  },
}

test("a state says who, when, in which states, and what is known, and no line is longer than a terminal", () => {
  const text = stateText(state, { colours: false })
  expect(text).toMatch(/^channel\/openai-1 at 2026-11-20 07:08:09\.012 UTC, version 42\n/)
  expect(text).toMatch(/\nstate {13}admission saturated · health healthy\n/)
  expect(text).toMatch(
    /\nconfig {12}id openai-1, maxConcurrent 4, models \(m, n\), cooldown \(baseMs 5000\)\n/,
  )
  expect(text).toMatch(/\nleases {12}4: r1\.1 \(account key-1, .*/)
  expect(text).toContain("1 more")
  expect(text).toMatch(/\n0 or empty {8}cooldown, rejections, waiters$/)
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
})

test("a change says what came, what went, and what is another", () => {
  const changes = [
    { path: "leases.r1.1", to: { request: "r1", acquiredAt: at } },
    { path: "leases.r2.1", from: { request: "r2" } },
    { path: "cooldown", from: null, to: { until: at } },
    { path: "ramp.limit", from: 1, to: 2 },
  ]
  expect(changeLines(changes, { colours: false })).toBe(
    [
      "  + leases.r1.1 {request r1, acquiredAt 2026-11-20 07:08:09.012 UTC}",
      "  − leases.r2.1",
      "    cooldown none → {until 2026-11-20 07:08:09.012 UTC}",
      "    ramp.limit 1 → 2",
      "",
    ].join("\n"),
  )
})

test("colours change nothing of the text", () => {
  const coloured = stateText(state, { colours: true })
  expect(coloured).not.toBe(stateText(state, { colours: false }))
  expect(stripVTControlCharacters(coloured)).toBe(stateText(state, { colours: false }))
})

test("a state whose times are not those of the machine's clock says how far they are from it", () => {
  expect(stateText({ ...state, aheadMs: 6_000_000 }, { colours: false })).toContain(
    "its times are 100 min ahead of the clock of its machine",
  )
})
