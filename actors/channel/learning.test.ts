import { describe, expect, it } from "vitest"
import { dueAt } from "../decisions/reactions.ts"
import { accountOf, channelOf, contextOf, type Group, limitOf } from "../group/group.ts"
import { fromSnapshot, toSnapshot } from "../group/snapshot.ts"
import { standingOf } from "../routing/score.ts"
import {
  accepted,
  acquire,
  configured,
  crowded,
  enqueue,
  given,
  release,
  start,
} from "../testing/specification.ts"

const adaptive = (bounds: object = {}, accounts: ReadonlyArray<object> = [{}]) =>
  configured({ maxConcurrent: { adaptive: { initial: 2, ...bounds } } }, accounts)
const a = (group: Group) => contextOf(accountOf(group, "a"))
const limit = (group: Group) => channelOf(group).learning?.limit

const full = [adaptive(), acquire("r1"), acquire("r2")]

describe("F1: a test of a channel's limit", () => {
  it("goes above the limit as soon as somebody asks, and not further", () => {
    given(...full)
      .when(acquire("r3"))
      .then({ type: "channel.acquired", inFlight: 3 }, { type: "account.acquired" })
    given(...full, acquire("r3"))
      .when(acquire("r4"))
      .thenDenied("saturated")
  })

  it("that is accepted raises the limit, with the evidence in the fact, and is none of the account's", () =>
    given(...full, acquire("r3"))
      .when({ afterMs: 80 }, accepted("r3"))
      .then(
        { type: "channel.accepted", by: "headers", ttfbMs: 80 },
        {
          type: "channel.limit_adjusted",
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
    const { group } = waited.when()
    expect(dueAt(group)).toBe(start + 150)
    waited.when({ afterMs: 149 }).then()
    waited
      .when({ afterMs: 150 })
      .then({ type: "channel.accepted", by: "time" }, { type: "channel.limit_adjusted", to: 3 })
  })

  it("that is rejected closes no gate: the channel goes on at its limit", () => {
    const { group, then } = given(...full, acquire("r3")).when(crowded("r3"))
    then(
      { type: "channel.released", classification: "concurrency", model: "m", jitter: 0 },
      { type: "account.released", classification: "concurrency" },
    )
    expect([limit(group), a(group).gateUntil, a(group).cooldown]).toEqual([2, null, null])
  })

  it("is made by one who waits, when its time has come", () => {
    const searched = given(...full, acquire("r3"), crowded("r3"), enqueue("r4"))
    const { group } = searched.when()
    expect(dueAt(group)).toBe(start + 5_000)
    searched.when({ afterMs: 4_999 }).then()
    searched
      .when({ afterMs: 5_000 })
      .then({ type: "channel.acquired", request: "r4", inFlight: 3 }, { type: "account.acquired" })
  })

  it("tells of all accounts of the channel together", () => {
    const { group } = given(
      adaptive({}, [{}, {}]),
      acquire("r1", { account: "a" }),
      acquire("r2", { account: "a1" }),
      acquire("r3", { account: "a1" }),
    ).when({ afterMs: 80 }, accepted("r3", "a1"))
    expect(limit(group)).toBe(3)
  })
})

describe("F5: what attempts tell goes to the account where one has a limit", () => {
  it("and not to a channel that was made to learn meanwhile", () => {
    const counted = configured({ maxConcurrent: { adaptive: { initial: 2 } } }, [{ concurrency: 9 }])
    const { group, facts } = given(counted, acquire("r1"), acquire("r2"), acquire("r3")).when(crowded("r3"))
    expect(facts).toMatchObject([
      { type: "channel.released" },
      { type: "account.released", classification: "concurrency" },
      { type: "account.limit_adjusted", from: 9, to: 2 },
    ])
    expect(facts[0]).not.toHaveProperty("classification")
    expect(channelOf(group)).toMatchObject({ rejections: { concurrency: 0 }, learning: { limit: 2 } })
  })

  it("and a channel with a fixed limit learns nothing", () => {
    const { group, facts } = given(configured({ maxConcurrent: 2 }), acquire("r1"), acquire("r2")).when(
      crowded("r2"),
    )
    expect(facts[0]).not.toHaveProperty("classification")
    expect(channelOf(group)).toMatchObject({ mode: 2, learning: null, rejections: { concurrency: 0 } })
  })
})

describe("F2, F6: what lowers the limit of a channel", () => {
  const kinds = ["requests", "tokens", "window", "overloaded", "slope"] as const

  it.each(kinds)("is no rejection for %s", (classification) => {
    const { group } = given(...full).when(
      crowded("r1", { classification }),
      crowded("r2", { classification }),
    )
    expect([limit(group), channelOf(group).adjustments.count]).toEqual([2, 0])
  })

  it("is one of an unknown kind, until three came in a row or nothing else was in flight", () => {
    const unknown = { classification: "unknown" } as const
    const { group } = given(...full).when(crowded("r1", unknown))
    expect(a(group).cooldown).toBeNull()
    expect(channelOf(group).unknowns).toBe(1)
    given(adaptive(), acquire("r1"))
      .when(crowded("r1", unknown))
      .then(
        { type: "channel.released" },
        { type: "account.released" },
        { type: "account.cooldown_started", classification: "unknown" },
        { type: "channel.cooldown_started" },
      )
  })

  it("is what the provider says itself", () =>
    expect(given(...full).when(crowded("r1", { statedLimit: 1 })).facts).toMatchObject([
      { type: "channel.released" },
      { type: "account.released" },
      { type: "channel.limit_adjusted", from: 2, to: 1, reason: "stated" },
    ]))

  it("are rejections at a proven level: the level is left alone for a while, which is the channel's gate", () => {
    const four = [adaptive({ initial: 4, max: 4 }), ...["r1", "r2", "r3", "r4"].map((one) => acquire(one))]
    const { group } = given(...four).when(crowded("r4"))
    expect([limit(group), a(group).gateUntil]).toEqual([4, start + 250])
    given(...four, crowded("r4"), { afterMs: 1_000 })
      .when(acquire("r5"))
      .thenDenied("saturated")
    given(...four, crowded("r4"), { afterMs: 2_000 })
      .when(acquire("r5"))
      .then({ type: "channel.acquired", inFlight: 4 }, {})
  })

  it("and after a fall one attempt at a time proves the new one", () => {
    const four = ["r1", "r2", "r3", "r4"].map((one) => acquire(one))
    const rejections = ["r4", "r3", "r2"].map((one) => crowded(one))
    const fallen = [adaptive({ initial: 4 }), ...four, { afterMs: 100 }, ...rejections]
    const { group } = given(...fallen).when()
    const lowered = limit(group) ?? 0
    expect(lowered).toBeLessThan(4)
    const proving = [...fallen, release("r1"), { afterMs: 10_000 }, acquire("r5")]
    given(...proving)
      .when(acquire("r6"))
      .thenDenied("saturated")
    given(...proving, accepted("r5"))
      .when(acquire("r6"))
      .then({ type: "channel.acquired" }, { type: "account.acquired" })
  })
})

describe("F4: the learned limit of a channel", () => {
  const learned = [...full, acquire("r3"), { afterMs: 80 }, accepted("r3")]

  it("survives a restart, and goes on from there", () => {
    const { group } = given(...learned).when()
    const stored = JSON.parse(JSON.stringify(toSnapshot(group))) as ReturnType<typeof toSnapshot>
    const again = fromSnapshot(stored)
    expect(toSnapshot(again)).toEqual(toSnapshot(group))
    expect(limitOf(again)).toBe(3)
  })

  it("stays within its bounds, also when those change, and is left alone by other changes", () => {
    expect(limitOf(given(...learned).when(adaptive({ max: 2 })).group)).toBe(2)
    expect(limitOf(given(...learned).when(adaptive({ min: 5 })).group)).toBe(5)
    expect(limitOf(given(...learned).when(adaptive({ max: 50 })).group)).toBe(3)
  })

  it("is what the channel's score is made of (B3)", () => {
    const { group } = given(adaptive({ initial: 4 }), acquire("r1")).when()
    expect(standingOf(group, start)).toMatchObject({ score: 0.3 + 0.7 * 0.75, hasFreeSlot: true })
    const tested = given(...full).when().group
    expect(standingOf(tested, start).hasFreeSlot).toBe(false)
  })

  it("gives way to whoever waits, as soon as it has risen", () =>
    given(...full, acquire("r3"), enqueue("r4"), { afterMs: 80 })
      .when(accepted("r3"))
      .then(
        { type: "channel.accepted" },
        { type: "channel.limit_adjusted", to: 3 },
        { type: "channel.acquired", request: "r4", inFlight: 4 },
        { type: "account.acquired" },
      ))
})
