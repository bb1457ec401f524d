import { stripVTControlCharacters } from "node:util"
import type { Fact } from "@sluice/events/commit.ts"
import { expect, test } from "vitest"
import { factLine } from "./fact-line.ts"

const at = new Date(2026, 10, 20, 7, 8, 9, 12).getTime()
const lease = { request: "r1", attempt: 1, lease: "r1.1" }
const acquired: Fact = {
  actor: "channel/openai-1",
  type: "channel.acquired",
  at,
  ...lease,
  class: "new",
  client: "local",
  model: "gpt",
  account: "key-1",
  waitMs: 12,
  inFlight: 3,
}

test("a line says when, to whom, what, and what matters of it", () => {
  expect(factLine(acquired, { colours: false })).toBe(
    "07:08:09.012 channel/openai-1         acquired         request=r1 account=key-1 model=gpt waitMs=12 inFlight=3",
  )
})

test("a line can say when in UTC, which is the same everywhere", () => {
  const line = factLine(
    { ...acquired, at: Date.UTC(2026, 10, 20, 7, 8, 9, 12) },
    { colours: false, isUtc: true },
  )
  expect(line).toMatch(/^07:08:09\.012 /)
})

test("usage shows the tokens that there were, and the cost in USD", () => {
  const tokens = { input: 9, output: 39, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
  const fact: Fact = {
    actor: "account/key-1",
    type: "account.usage_recorded",
    at,
    ...lease,
    client: "local",
    model: "gpt",
    tokens,
    standardCostNanoUsd: 165_000,
    costNanoUsd: 165_000,
    multiplier: 1,
    priced: true,
    complete: true,
    estimated: false,
    prices: "2026-08-01",
  }
  expect(factLine(fact, { colours: false })).toMatch(
    / request=r1 model=gpt input=9 output=39 standardCostUsd=0\.000165 complete=true$/,
  )
})

test("a fact that nothing special is said of shows its words and numbers", () => {
  const fact: Fact = {
    actor: "channel/c",
    type: "channel.timed_out",
    at,
    request: "r1",
    attempt: 1,
    waitMs: 5,
    depth: 2,
  }
  expect(factLine(fact, { colours: false })).toMatch(/timed_out +request=r1 attempt=1 waitMs=5 depth=2$/)
})

test("colours change nothing of the text", () => {
  expect(factLine(acquired, { colours: true })).not.toBe(factLine(acquired, { colours: false }))
  expect(stripVTControlCharacters(factLine(acquired, { colours: true }))).toBe(
    factLine(acquired, { colours: false }),
  )
})
