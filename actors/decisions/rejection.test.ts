import { describe, expect, it } from "vitest"
import { accountOf, contextOf, type Group } from "../group/group.ts"
import { acquire, configured, enqueue, given, release, start, tooMany } from "../testing/specification.ts"
import type { Rejection429 } from "./command.ts"

const rejection = (more: Partial<Rejection429>): { rejection: Rejection429 } => ({
  rejection: { ...tooMany, summary: "", ...more },
})
const rejected = (request: string, more: Partial<Rejection429> = {}, rest = {}) =>
  release(request, { outcome: "rate_limited", status: 429, ...rejection(more), ...rest })
const accept = (request: string) =>
  ({ type: "accept", lease: `${request}.1`, account: "a", ttfbMs: 9 }) as const
const many = (count: number) => Array.from({ length: count }, (_, n) => acquire(`r${n}`))
const a = (group: Group) => contextOf(accountOf(group, "a"))
const types = (facts: ReadonlyArray<{ type: string }>) => facts.map(({ type }) => type)

describe("C3: a rejection for concurrency", () => {
  const five = [configured({}, [{ concurrency: 5 }]), ...many(4)]

  it("begins no cooldown, and lowers the limit to what was in flight less one", () => {
    const { facts, group } = given(...five).when(rejected("r0"))
    expect(types(facts)).toEqual(["channel.released", "account.released", "account.limit_adjusted"])
    expect(facts[2]).toMatchObject({ from: 5, to: 3, reason: "rejected", inFlight: 4 })
    expect(a(group).cooldown).toBeNull()
  })

  it("raises it again by one a minute", () => {
    const { facts, group } = given(...five, rejected("r0")).when({ afterMs: 60_000 }, { afterMs: 60_000 })
    expect(facts).toMatchObject([
      { type: "account.limit_adjusted", from: 3, to: 4, reason: "recovered" },
      { type: "account.limit_adjusted", from: 4, to: 5, reason: "recovered" },
    ])
    expect(a(group).lowered).toBeNull()
  })

  it("believes a limit that the provider states", () => {
    const { facts } = given(...five).when(rejected("r0", { statedLimit: 2 }))
    expect(facts[2]).toMatchObject({ from: 5, to: 2, reason: "stated" })
  })

  it("closes the gate until one of the account's attempts ends", () => {
    given(...five, rejected("r0"), release("r1"), release("r2"))
      .when(acquire("r9"))
      .then({ type: "channel.acquired" }, { type: "account.acquired" })
    given(configured({}, [{}]), ...many(2), rejected("r0"))
      .when(acquire("r9"))
      .thenDenied("saturated")
  })

  it("opens the gate by time, after 0.25 s doubling to 8 s", () => {
    const unlimited = [configured({}, [{}]), acquire("held")]
    const again = Array.from({ length: 7 }, (_, n) => [
      acquire(`x${n}`),
      rejected(`x${n}`),
      { afterMs: 8_000 },
    ])
    const { facts } = given(...unlimited, enqueue("w0")).when(...again.flat())
    const gates = facts.flatMap((fact) =>
      fact.type === "account.released" && fact.gateUntil !== undefined ? [fact.gateUntil - fact.at] : [],
    )
    expect(gates).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 8_000])
  })

  it("gives the waiter its slot when the gate opens", () => {
    const { facts } = given(configured({}, [{}]), ...many(2), rejected("r0"), enqueue("w")).when({
      afterMs: 250,
    })
    expect(types(facts)).toEqual(["channel.acquired", "account.acquired"])
  })

  it("honours a retry-after as a cooldown to that time, and the count of cooldowns stays", () => {
    const { facts, group } = given(...five).when(rejected("r0", { retryAfterMs: 3_000 }))
    expect(facts).toContainEqual(
      expect.objectContaining({ type: "account.cooldown_started", until: start + 3_000, consecutive: 0 }),
    )
    expect(a(group).consecutive).toBe(0)
  })
})

describe("C3: a rejection of one model", () => {
  const ofModel = { classification: "tokens", isOfModel: true } as const

  it("cools that model of the account, and the others go on", () => {
    const cooled = given(configured({}, [{}]), acquire("r1"), rejected("r1", ofModel))
    cooled.when(acquire("r2")).thenDenied("model_cooling")
    expect(types(cooled.when(acquire("r3", { model: "n" })).facts)).toHaveLength(2)
  })

  it("ends by itself, once, by the id that it began with", () => {
    const { facts } = given(configured({}, [{}]), acquire("r1")).when(rejected("r1", ofModel), {
      afterMs: 5_000,
    })
    const ids = facts.flatMap((fact) =>
      fact.type.startsWith("account.cooldown_") && "id" in fact ? [fact.id] : [],
    )
    expect(ids).toEqual(["a:r1.1", "a:r1.1"])
  })
})

describe("C3: the official reset", () => {
  it("is the end where it is the latest, and says so", () => {
    const { facts } = given(configured(), acquire("r1")).when(
      rejected("r1", { classification: "window", retryAfterMs: 1_000, resetAt: start + 3_600_000 }),
    )
    expect(facts[2]).toMatchObject({ until: start + 3_600_000, source: "official_reset" })
  })
})

describe("C6: the way back", () => {
  const back = [
    configured({}, [{ concurrency: 5 }]),
    acquire("r0"),
    rejected("r0", { classification: "overloaded" }),
    { afterMs: 1_000 },
  ]
  const ramps = (facts: ReadonlyArray<{ type: string }>) =>
    facts.flatMap((fact) => (fact.type === "account.ramped" && "limit" in fact ? [fact.limit] : []))

  it("begins with one slot and doubles with each success until it is whole", () => {
    const { facts, group } = given(...back).when(
      acquire("r1"),
      accept("r1"),
      acquire("r2"),
      accept("r2"),
      acquire("r3"),
      accept("r3"),
    )
    expect(ramps(facts)).toEqual([2, 4, null])
    expect(a(group).consecutive).toBe(0)
  })

  it("admits one at a time at first", () =>
    given(...back, acquire("r1"))
      .when(acquire("r2"))
      .thenDenied("saturated"))

  it.each([
    ["a 429", rejected("r1", { classification: "overloaded" })],
    ["a failure", release("r1", { outcome: "upstream_error", status: 500 })],
  ])("is broken off by %s: the next cooldown in a row", (_, end) => {
    const { facts } = given(...back, acquire("r1")).when(end)
    expect(facts[2]).toMatchObject({ type: "account.cooldown_started", consecutive: 2 })
  })

  it("ends for an account that nobody asks after ten minutes", () => {
    expect(ramps(given(...back).when({ afterMs: 600_000 }).facts)).toEqual([null])
  })

  it.each(["requests", "tokens", "window"] as const)(
    "is not needed after %s: the bucket sets the pace",
    (kind) => {
      const { facts } = given(configured(), acquire("r0")).when(rejected("r0", { classification: kind }), {
        afterMs: 5_000,
      })
      expect(ramps(facts)).toEqual([])
    },
  )
})
