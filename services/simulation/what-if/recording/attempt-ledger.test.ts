import type { Fact } from "@sluice/events/commit.ts"
import { expect, test } from "vitest"
import { AttemptLedger } from "./attempt-ledger.ts"

const tokens = { input: 1, output: 2, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }

const of = (lease: string) => ({ actor: "account/a", request: `r-${lease}`, attempt: 1, lease })

const acquired = (at: number, lease = "l") => ({
  ...of(lease),
  type: "account.acquired",
  at,
  model: "m",
  estimate: { inputTokens: 1, outputTokens: 2 },
})
const released = (at: number, more: object = {}, lease = "l") => ({
  ...of(lease),
  type: "account.released",
  at,
  startedAt: 100,
  outcome: "ok",
  status: 200,
  holdMs: at - 100,
  ttftMs: 50,
  inFlight: 0,
  ...more,
})
const rejection = { outcome: "rate_limited", status: 429, ttftMs: null, evidence: {} }
const cooldown = (more: object) => ({
  actor: "account/a",
  type: "account.cooldown_started",
  at: 300,
  until: 9_000,
  source: "backoff",
  retryAfterMs: null,
  summary: "429 requests",
  ...more,
})

const ended = (...commits: ReadonlyArray<ReadonlyArray<object>>) => {
  const ledger = new AttemptLedger(() => ({ abortLingerMs: 100, releaseLingerMs: 30 }))
  for (const facts of commits) ledger.take("c", facts as ReadonlyArray<Fact>)
  return ledger.ended
}

test("an attempt goes from its grant to its release, less what its slot was held longer, with what it used", () => {
  const usage = {
    ...of("l"),
    type: "account.usage_recorded",
    at: 290,
    tokens,
    complete: true,
    costNanoUsd: 7,
  }
  expect(ended([acquired(100)], [usage], [released(330)])).toMatchObject([
    { request: "r-l", channel: "c", account: "a", model: "m", startedAt: 100, tookMs: 200, meaning: null },
  ])
  expect(ended([acquired(100)], [usage], [released(330)])[0]?.usage).toEqual({
    tokens,
    complete: true,
    costNanoUsd: 7,
  })
  expect(ended([acquired(100)], [released(400, { outcome: "timeout" })])[0]?.tookMs).toBe(200)
})

test("attempts keep the order of their beginning, whichever ends first", () => {
  const both = ended(
    [acquired(100, "one"), acquired(100, "two")],
    [released(200, {}, "two"), released(210, {}, "one")],
  )
  expect(both.map(({ request, place }) => [request, place])).toEqual([
    ["r-two", 1],
    ["r-one", 0],
  ])
})

test("what a rejection said is told by what followed from it, and from no other's release", () => {
  const answer = released(300, { ...rejection, classification: "requests" })
  const other = released(300, { ...rejection, classification: "requests" }, "other")
  const [one, two] = ended(
    [acquired(100), acquired(100, "other")],
    [answer, other, cooldown({ source: "official_reset", retryAfterMs: 8_000, model: "m" })],
  )
  expect(one?.meaning?.rejection).toMatchObject({ retryAfterMs: null, resetAt: null, isOfModel: false })
  expect(two?.meaning?.rejection).toMatchObject({
    classification: "requests",
    retryAfterMs: 8_000,
    resetAt: 9_000,
    isOfModel: true,
    summary: "429 requests",
  })
})

test("a credential that was refused is told from a server's failure", () => {
  const failure = released(300, { outcome: "upstream_error", status: 401, ttftMs: null })
  const suspended = {
    actor: "account/a",
    type: "account.suspended",
    at: 300,
    reason: "credential",
    evidence: { "error.code": "invalid_api_key" },
    summary: "401",
  }
  const [refused] = ended([acquired(100)], [failure, suspended])
  expect(refused?.meaning?.credentialRefused?.summary).toBe("401")
  expect(ended([acquired(100)], [failure])[0]?.meaning?.credentialRefused).toBeUndefined()
})

test("an attempt whose holder was lost tells nothing", () => {
  const expired = { ...of("l"), type: "account.expired", at: 200, reason: "holder_lost", inFlight: 0 }
  expect(ended([acquired(100)], [expired], [released(300)])).toEqual([])
})
