import { describe, expect, it } from "vitest"
import { contextOf } from "../group/group.ts"
import { backoffMs } from "../rules/cooldown.ts"
import { acquire, configured, enqueue, given, rejected, release, start } from "../testing/specification.ts"
import type { Meter, Recover } from "./command.ts"

const unsaid = { resetAt: null, isOfModel: false, statedLimit: null }

const none = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }

const meter = (request: string): Meter => ({
  type: "meter",
  lease: `${request}.1`,
  account: "a",
  model: "m",
  tokens: { ...none, input: 10, output: 5 },
  standardCostNanoUsd: 1_000,
  priced: true,
  prices: "test",
  complete: true,
  estimated: false,
})

const recover: Recover = {
  type: "recover",
  costOf: (_, { inputTokens }) => ({ standardCostNanoUsd: inputTokens, priced: true, prices: "test" }),
}

const released = [{ type: "channel.released" }, { type: "account.released" }]

describe("A9: each lease ends once", () => {
  it("is released once, however often it is asked", () =>
    given(configured(), acquire("r1"), release("r1")).when(release("r1")).then())

  it("is held for abortLingerMs after an end that is not the upstream's", () => {
    const aborted = release("r1", { outcome: "client_closed" })
    const { last } = given(configured({ abortLingerMs: 100 }), acquire("r1"), { afterMs: 99 }).when(aborted)
    expect(last).toEqual({ kind: "later", at: start + 100 })
    given(configured({ abortLingerMs: 100 }), acquire("r1"), { afterMs: 100 })
      .when(aborted)
      .then(...released)
  })

  it("is held for releaseLingerMs after a normal end", () => {
    const { last } = given(configured({ releaseLingerMs: 3_000 }), acquire("r1")).when(release("r1"))
    expect(last).toEqual({ kind: "later", at: start + 3_000 })
  })

  it("is not held where nothing was sent to the upstream", () =>
    given(configured({ abortLingerMs: 100 }), acquire("r1"))
      .when(release("r1", { outcome: "client_closed", dispatched: false }))
      .then(...released))

  it("tells how long it was held", () =>
    given(configured(), acquire("r1"), { afterMs: 40 })
      .when(release("r1"))
      .then(
        { type: "channel.released", holdMs: 40, inFlight: 0 },
        { type: "account.released", holdMs: 40, inFlight: 0 },
      ))
})

describe("D2, D3: usage", () => {
  it("is recorded once", () =>
    given(configured({}, [{ costMultiplier: 0.5 }]), acquire("r1"))
      .when(meter("r1"), meter("r1"))
      .then({
        type: "account.usage_recorded",
        standardCostNanoUsd: 1_000,
        costNanoUsd: 500,
        multiplier: 0.5,
      }))

  it("of a lease that has ended is not recorded", () =>
    given(configured(), acquire("r1"), release("r1")).when(meter("r1")).then())
})

describe("C3: cooldown", () => {
  const tried = [configured(), acquire("r1")]

  it("starts with the backoff where the provider says nothing", () =>
    given(...tried)
      .when(rejected("r1"))
      .then(
        ...released,
        {
          type: "account.cooldown_started",
          until: start + 5_000,
          consecutive: 1,
          source: "backoff",
          backoffMs: 5_000,
        },
        { type: "channel.cooldown_started", until: start + 5_000 },
      ))

  it("lasts as long as the provider says where that is longer", () => {
    const rejection = {
      classification: "requests",
      evidence: {},
      retryAfterMs: 20_000,
      ...unsaid,
      summary: "",
    } as const
    given(...tried)
      .when(rejected("r1", { rejection }))
      .then(
        ...released,
        { type: "account.cooldown_started", until: start + 20_000, source: "retry_after" },
        { type: "channel.cooldown_started", until: start + 20_000 },
      )
  })

  it("is not shortened by a weaker signal, and is extended by a later one", () => {
    const later = {
      classification: "requests",
      evidence: {},
      retryAfterMs: 9_000,
      ...unsaid,
      summary: "",
    } as const
    given(configured(), acquire("r1"), acquire("r2"), acquire("r3"), rejected("r1"))
      .when(rejected("r2"), rejected("r3", { rejection: later }))
      .then(
        ...released,
        ...released,
        { type: "account.cooldown_extended", until: start + 9_000, consecutive: 1, source: "retry_after" },
        { type: "channel.cooldown_extended", until: start + 9_000 },
      )
  })

  it("keeps the account from being chosen, and tells when its end is near", () => {
    const cooled = [configured(), acquire("r1"), rejected("r1")]
    given(...cooled, { afterMs: 3_999 })
      .when(acquire("r2"))
      .thenDenied("cooling")
    given(...cooled, { afterMs: 4_000 })
      .when(acquire("r2"))
      .thenDenied("cooling_soon")
    given(...cooled, { afterMs: 5_000 })
      .when(acquire("r2"))
      .then({ type: "channel.acquired" }, { type: "account.acquired" })
  })

  it("lets waiters have another account meanwhile", () =>
    given(
      configured({}, [{ concurrency: 1 }, { concurrency: 1 }]),
      acquire("r1"),
      acquire("r2"),
      enqueue("r3"),
    )
      .when(rejected("r1"), release("r2", { account: "a1" }))
      .then(
        ...released,
        { type: "account.cooldown_started", actor: "account/a" },
        ...released,
        { type: "channel.acquired", request: "r3", account: "a1" },
        { type: "account.acquired" },
      ))
})

describe("C4: how many in a row", () => {
  const twice = [configured(), acquire("r1"), rejected("r1"), { afterMs: 5_000 }, acquire("r2")]

  it("rises with a 429 after the cooldown", () =>
    given(...twice)
      .when(rejected("r2"))
      .then(
        ...released,
        { type: "account.cooldown_started", consecutive: 2, backoffMs: 10_000 },
        { type: "channel.cooldown_started" },
      ))

  it("does not rise with a 429 of an attempt that began before it", () =>
    given(configured(), acquire("r1"), acquire("r2"), rejected("r1"), { afterMs: 5_000 })
      .when(rejected("r2"))
      .then(
        ...released,
        { type: "account.cooldown_started", consecutive: 1 },
        { type: "channel.cooldown_started" },
      ))

  it("returns to 0 at the first success after it", () => {
    const { group } = given(...twice).when(release("r2"))
    expect(contextOf(group.accounts.get("account/a")!).consecutive).toBe(0)
  })

  it("does not return to 0 by a success that began before it", () => {
    const { group } = given(configured(), acquire("r1"), acquire("r2"), rejected("r1"), {
      afterMs: 5_000,
    }).when(release("r2"))
    expect(contextOf(group.accounts.get("account/a")!).consecutive).toBe(1)
  })
})

describe("C5, C9: a cooldown ends once, by itself", () => {
  it("on the account and then on the channel", () =>
    given(configured(), acquire("r1"), rejected("r1"))
      .when({ afterMs: 4_999 }, { afterMs: 1 }, { afterMs: 10_000 })
      .then(
        { type: "account.cooldown_ended", id: "a:r1.1", reason: "elapsed", at: start + 5_000 },
        { type: "channel.cooldown_ended", id: "c:1", at: start + 5_000 },
      ))

  it("grants the waiters their slots", () => {
    const { facts } = given(
      configured({ maxConcurrent: 1 }),
      acquire("r1"),
      enqueue("r2"),
      rejected("r1"),
    ).when({ afterMs: 5_000 })
    expect(facts.map(({ type }) => type)).toEqual([
      "account.cooldown_ended",
      "channel.cooldown_ended",
      "channel.acquired",
      "account.acquired",
    ])
  })

  it("cools the channel only when all of its accounts do, until the first is back", () =>
    given(configured({}, [{}, {}]), acquire("r1"), acquire("r2"), rejected("r1"), { afterMs: 1_000 })
      .when(rejected("r2", { account: "a1", endedAt: start }))
      .then(
        ...released,
        { type: "account.cooldown_started", actor: "account/a1", until: start + 6_000 },
        { type: "channel.cooldown_started", until: start + 5_000 },
      ))
})

describe("C3: the backoff", () => {
  const exponential = { baseMs: 5_000, maxMs: 300_000, backoff: "exponential", guardMs: 1_000 } as const
  const kind = { classification: "requests", jitter: 0 } as const

  it.each([
    [0, 5_000],
    [1, 5_000],
    [2, 10_000],
    [6, 160_000],
    [7, 300_000],
    [50, 300_000],
    [2_000, 300_000],
  ])("is exponential: n = %i lasts %i ms", (n, ms) => expect(backoffMs(exponential, { ...kind, n })).toBe(ms))

  it.each([
    [1, 5_000],
    [3, 15_000],
    [60, 300_000],
    [61, 300_000],
  ])("is linear where that is said: n = %i lasts %i ms", (n, ms) =>
    expect(backoffMs({ ...exponential, backoff: "linear" }, { ...kind, n })).toBe(ms),
  )

  it("is moved by the drawn jitter, and the cap holds after it", () => {
    expect(backoffMs(exponential, { ...kind, n: 1, jitter: 1 })).toBe(5_500)
    expect(backoffMs(exponential, { ...kind, n: 1, jitter: -1 })).toBe(4_500)
    expect(backoffMs(exponential, { ...kind, n: 9, jitter: 1 })).toBe(300_000)
  })

  it("is shorter for overload", () => {
    expect(backoffMs(exponential, { classification: "overloaded", n: 1, jitter: 0 })).toBe(1_000)
    expect(backoffMs(exponential, { classification: "overloaded", n: 20, jitter: 0 })).toBe(60_000)
  })
})

describe("L12: what a dead host left behind", () => {
  it("ends: its leases expire with their estimates booked, its waiters are abandoned", () =>
    given(configured({ maxConcurrent: 2 }), acquire("r1"), acquire("r2"), meter("r2"), enqueue("r3"))
      .when(recover)
      .then(
        { type: "channel.abandoned", request: "r3", reason: "holder_lost" },
        {
          type: "account.usage_recorded",
          request: "r1",
          complete: false,
          estimated: true,
          standardCostNanoUsd: 10,
        },
        { type: "channel.expired", lease: "r1.1", reason: "holder_lost", inFlight: 1 },
        { type: "account.expired", lease: "r1.1", inFlight: 1 },
        { type: "channel.expired", lease: "r2.1", inFlight: 0 },
        { type: "account.expired", lease: "r2.1", inFlight: 0 },
      ))
})
