import { describe, expect, it } from "vitest"
import { accountOf, channelOf, contextOf, type Group } from "../group/group.ts"
import { acquire, configured, crowded, enqueue, given } from "../testing/specification.ts"
import type { Command } from "./command.ts"

const by = "api:test"
const setLimit = (limit: number | "adaptive", more: object = {}): Command => ({
  type: "set_limit",
  account: "a",
  limit,
  by,
  ...more,
})
const forget: Command = { type: "forget", account: "a", by }
const a = (group: Group) => contextOf(accountOf(group, "a"))

const bounds = { algorithm: "aether", initial: 10, min: 3, max: 50 } as const
const learning = configured({}, [{ concurrency: { adaptive: bounds } }])
const counting = configured({}, [{ concurrency: 4 }])
/** Three in flight, and one is rejected as one too many: 10 becomes 8. */
const lowered = [...["r1", "r2", "r3"].map((request) => acquire(request)), { afterMs: 100 }, crowded("r1")]

describe("S6: an operator", () => {
  it("makes a limit that is learned a number", () =>
    given(learning)
      .when(setLimit(12))
      .then({ type: "account.mode_changed", by, from: { adaptive: bounds }, to: 12, limit: 12 }))

  it("finds what was learned again when it is learned again", () =>
    given(learning, ...lowered, setLimit(12))
      .when(setLimit("adaptive"))
      .then({ type: "account.mode_changed", from: 12, to: { adaptive: bounds }, limit: 8 }))

  it("lets a number be learned in the usual way, from where that begins", () => {
    const usual = { ...bounds, initial: 20 }
    given(counting)
      .when(setLimit("adaptive", { usual }))
      .then({ type: "account.mode_changed", from: 4, to: { adaptive: usual }, limit: 20 })
  })

  it("changes nothing by saying what is so already", () => {
    given(learning).when(setLimit("adaptive")).then()
    given(counting).when(setLimit(4)).then()
  })

  it("keeps the word until the configuration says something else of the limit", () => {
    const renamed = configured({}, [{ concurrency: { adaptive: bounds }, name: "Team" }])
    expect(a(given(learning, setLimit(12)).when(renamed).group).mode).toBe(12)
    expect(a(given(learning, setLimit(12)).when(counting).group).mode).toBe(4)
  })
})

describe("S6: what was learned is forgotten", () => {
  it("with its counts, and the limit is where it begins again", () => {
    const { group, then } = given(learning, ...lowered).when(forget)
    then({ type: "account.learning_reset", by, from: 8, to: 10 })
    const { learning: anew, rejections, adjustments } = a(group)
    expect(anew?.limit).toBe(10)
    expect(rejections).toEqual({ concurrency: 0, rate: 0, lastAt: null, lastType: null })
    expect(adjustments).toEqual({ count: 1, recent: [] })
  })

  it("of a number too, which stays", () => {
    const { group, then } = given(learning, ...lowered, setLimit(12)).when(forget)
    then({ type: "account.learning_reset", from: 8, to: 10 })
    expect(a(group)).toMatchObject({ mode: 12, learning: null, rejections: { concurrency: 0 } })
  })
})

describe("S6: the limit of a channel", () => {
  const ofChannel = (limit: number | "adaptive"): Command => ({ type: "set_limit", limit, by })
  const maxConcurrent = { adaptive: bounds }
  const c = (group: Group) => channelOf(group)

  it("becomes a number and is learned again, and keeps what was learned until that is forgotten", () => {
    given(configured({ maxConcurrent }), ...lowered, ofChannel(12))
      .when(ofChannel("adaptive"))
      .then({ type: "channel.mode_changed", by, from: 12, to: { adaptive: bounds }, limit: 8 })
    const { group, then } = given(configured({ maxConcurrent }), ...lowered).when({ type: "forget", by })
    then({ type: "channel.learning_reset", by, from: 8, to: 10 })
    expect(c(group)).toMatchObject({
      learning: { limit: 10 },
      rejections: { concurrency: 0, lastAt: null },
      adjustments: { count: 1, recent: [] },
    })
  })

  it("lets whoever waits go when it becomes a larger number, and holds until the configuration says another", () => {
    const one = configured({ maxConcurrent: 1 })
    given(one, acquire("r1"), enqueue("r2"))
      .when(ofChannel(2))
      .then({ type: "channel.mode_changed", to: 2 }, { type: "channel.acquired", request: "r2" }, {})
    expect(c(given(one, ofChannel(2)).when(configured({ maxConcurrent: 1, note: "n" })).group).mode).toBe(2)
    expect(c(given(one, ofChannel(2)).when(configured({ maxConcurrent: 3 })).group).mode).toBe(3)
  })

  it("is not learned beside that of an account, and an account gets none beside one that is (F5)", () => {
    given(counting).when(ofChannel("adaptive")).then()
    given(configured({ maxConcurrent })).when(setLimit(4)).then()
    given(counting).when(ofChannel(4)).then({ type: "channel.mode_changed", from: null, to: 4 })
  })
})

describe("F10: an account that learns by Aether's rule", () => {
  it("takes 15 % off its limit, and one burst is one decrease (F3)", () => {
    const more = lowered.map((step) => ("lease" in step ? { ...step, lease: "r2.1" } : step)).slice(-1)
    given(learning)
      .when(...lowered, ...more)
      .then(
        ...Array.from({ length: 6 }, () => ({})),
        { type: "channel.released" },
        { type: "account.released" },
        {
          type: "account.limit_adjusted",
          from: 10,
          to: 8,
          reason: "rejected",
          classification: "concurrency",
        },
        { type: "channel.released" },
        { type: "account.released" },
      )
  })
})
