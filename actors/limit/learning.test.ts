import { describe, expect, it } from "vitest"
import { slotsFor, slotsOf } from "../account/limit.ts"
import type { Command, Rejection429 } from "../decisions/command.ts"
import { accountOf, contextOf, type Group } from "../group/group.ts"
import { fromSnapshot, toSnapshot } from "../group/snapshot.ts"
import { accepted, acquire, configured, crowded, enqueue, given, release } from "../testing/specification.ts"

const adaptive = (bounds: object = {}) =>
  configured({}, [{ concurrency: { adaptive: { initial: 2, ...bounds } } }])
const a = (group: Group) => contextOf(accountOf(group, "a"))

const full = [adaptive(), acquire("r1"), acquire("r2")]

describe("F1: a test", () => {
  it("goes above the limit as soon as somebody asks, and not further", () => {
    given(...full)
      .when(acquire("r3"))
      .then({ type: "channel.acquired" }, { type: "account.acquired", inFlight: 3 })
    given(...full, acquire("r3"))
      .when(acquire("r4"))
      .thenDenied("saturated")
  })

  it("that is accepted raises the limit, with the evidence in the fact", () =>
    given(...full, acquire("r3"))
      .when({ afterMs: 80 }, accepted("r3"))
      .then(
        { type: "account.accepted", by: "headers" },
        {
          type: "account.limit_adjusted",
          from: 2,
          to: 3,
          reason: "accepted",
          inFlight: 3,
          utilization: 1.5,
          classification: null,
        },
      ))

  it("counts as accepted when it was not rejected in the time in which rejections come", () => {
    const waited = given(...full, acquire("r3"))
    waited.when({ afterMs: 149 }).then()
    waited
      .when({ afterMs: 150 })
      .then({ type: "account.accepted", by: "time" }, { type: "account.limit_adjusted", to: 3 })
  })

  it("that is rejected closes nothing: the account goes on at its limit", () => {
    const { group, facts } = given(...full, acquire("r3")).when(crowded("r3"))
    expect(facts.map(({ type }) => type)).toEqual(["channel.released", "account.released"])
    expect([slotsOf(a(group)), a(group).gateUntil, a(group).cooldown]).toEqual([2, null, null])
  })

  it("is made by one who waits, when its time has come", () => {
    const searched = given(...full, acquire("r3"), crowded("r3"), enqueue("r4"))
    searched.when({ afterMs: 4_000 }).then()
    searched
      .when({ afterMs: 6_000 })
      .then({ type: "channel.acquired", request: "r4" }, { type: "account.acquired", inFlight: 3 })
  })

  it("is no reason to pass over a free slot elsewhere, whatever the priorities", () => {
    const two = configured({}, [
      { concurrency: { adaptive: { initial: 1 } }, priority: 1 },
      { concurrency: 5, priority: 9 },
    ])
    given(two, acquire("r1"))
      .when(acquire("r2"))
      .then({ type: "channel.acquired", account: "a1" }, { type: "account.acquired" })
  })
})

describe("F2: what moves the limit", () => {
  const kinds = ["requests", "tokens", "window", "overloaded", "slope"] as const

  it.each(kinds)("is no rejection for %s", (classification) => {
    const { group } = given(...full, acquire("r3")).when(
      crowded("r1", { classification }),
      crowded("r2", { classification }),
    )
    expect([a(group).learning?.limit, a(group).adjustments.count]).toEqual([2, 0])
  })

  it("is one of an unknown kind, until three came in a row or nothing else was in flight", () => {
    const unknown = { classification: "unknown" } as const
    const { group } = given(...full).when(crowded("r1", unknown))
    expect(a(group).cooldown).toBeNull()
    given(adaptive(), acquire("r1"))
      .when(crowded("r1", unknown))
      .then(
        { type: "channel.released" },
        { type: "account.released" },
        { type: "account.cooldown_started", classification: "unknown" },
        { type: "channel.cooldown_started" },
      )
  })

  it("is one of an unknown kind beside a single other attempt, and counts as evidence", () => {
    const { group } = given(...full).when(crowded("r1", { classification: "unknown" }))
    expect(a(group).learning).toMatchObject({ samples: 1, classification: "unknown" })
  })

  it("is what the provider says itself", () =>
    expect(given(...full).when(crowded("r1", { statedLimit: 1 })).facts).toMatchObject([
      { type: "channel.released" },
      { type: "account.released" },
      { type: "account.limit_adjusted", from: 2, to: 1, reason: "stated" },
    ]))
})

describe("F4: the learned limit", () => {
  const learned = [...full, acquire("r3"), { afterMs: 80 }, accepted("r3")]

  it("survives a restart, and goes on from there", () => {
    const { group } = given(...learned).when()
    const again = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(group))) as ReturnType<typeof toSnapshot>)
    expect(contextOf(accountOf(again, "a"))).toEqual(a(group))
    expect(slotsOf(contextOf(accountOf(again, "a")))).toBe(3)
  })

  it("stays within its bounds, also when those change", () => {
    expect(slotsOf(a(given(...learned).when(adaptive({ max: 2 })).group))).toBe(2)
    expect(slotsOf(a(given(...learned).when(adaptive({ min: 5 })).group))).toBe(5)
    expect(slotsOf(a(given(...learned).when(adaptive({ max: 50 })).group))).toBe(3)
  })

  it("is kept while an operator has made it a number", () => {
    const operator = { type: "set_limit", account: "a", by: "api:test" } as const
    const { group } = given(...learned, { ...operator, limit: 9 }, { ...operator, limit: "adaptive" }).when()
    expect(slotsOf(a(group))).toBe(3)
  })

  it("goes on after an operator's number, whatever ended meanwhile: nobody waits for what is gone", () => {
    const operator = { type: "set_limit", account: "a", by: "api:test" } as const
    const { facts } = given(
      ...full,
      acquire("r3"),
      { ...operator, limit: 9 },
      crowded("r3"),
      release("r1"),
      release("r2"),
      { ...operator, limit: "adaptive" },
      { afterMs: 200 },
      acquire("r4"),
      acquire("r5"),
      acquire("r6"),
      enqueue("r7"),
    ).when(release("r4"))
    expect(facts.map(({ type }) => type)).toContain("channel.acquired")
  })
})

describe("F11: reserved slots of a learned limit", () => {
  it("leave one to new requests, however little was learned", () => {
    const { group } = given(
      configured({}, [{ concurrency: { adaptive: { initial: 2 } }, reservedConcurrency: 5 }]),
    ).when()
    expect(slotsFor(a(group), "new", 0)).toBe(1)
  })
})

describe("F7: the rates of an account that learns", () => {
  const overRate = (more: Partial<Rejection429> = {}) =>
    crowded("r1", { classification: "requests", ...more })

  it("are found out with the first rejection for one, and pace what follows", () => {
    const { facts, group } = given(...full).when(overRate({ statedPerMinute: 60 }))
    expect(facts).toMatchObject([
      { type: "channel.released" },
      { type: "account.released" },
      { type: "account.rate_adjusted", kind: "rpm", from: null, to: 60, reason: "stated" },
    ])
    expect(a(group).cooldown).toBeNull()
    const paced = given(...full, overRate())
    paced.when(acquire("r9")).thenDenied("rpm")
  })

  it("do not take the place of a pause that the provider asks for", () =>
    expect(a(given(...full).when(overRate({ retryAfterMs: 3_000 })).group).cooldown).toMatchObject({
      classification: "requests",
    }))

  it("are none of a rejection for concurrency", () =>
    expect(a(given(...full).when(crowded("r1"), release("r2")).group).rates.rpm).toBeNull())
})

describe("F7: the tokens that are reserved of an account that learns", () => {
  const metered = (request: string, output: number): Command => ({
    type: "meter",
    lease: `${request}.1`,
    account: "a",
    model: "m",
    tokens: { input: 10, output, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
    standardCostNanoUsd: 0,
    priced: true,
    prices: "test",
    complete: true,
    estimated: false,
  })
  const served = (count: number): ReadonlyArray<Command> =>
    Array.from({ length: count }, (_, nth) => `s${nth}`).flatMap((request, nth) => [
      acquire(request),
      metered(request, nth % 10 === 9 ? 20 : 5),
      release(request),
    ])
  const limited = (concurrency: unknown) =>
    configured({}, [{ concurrency: concurrency as number, tpm: 60_000 }])
  const takenOf = (group: Group) => a(group).leases.get("r1.1")?.takenTokens

  it("are the input and as much of the possible output as nine of ten have had, once ten are known", () => {
    const learns = limited({ adaptive: { initial: 8 } })
    expect(takenOf(given(learns, ...served(9)).when(acquire("r1")).group)).toBe(30)
    expect(takenOf(given(learns, ...served(10)).when(acquire("r1")).group)).toBe(15)
  })

  it("are all that is possible on any other account", () =>
    expect(takenOf(given(limited(8), ...served(20)).when(acquire("r1")).group)).toBe(30))
})
