import { type AccountContext, newAccount } from "@sluice/actors/account/context.ts"
import { learn } from "@sluice/actors/limit/learning.ts"
import { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { limitAnswer, listAnswer, shownBy, statsAnswer, summaryAnswer } from "./adaptive-answers.ts"

const bounds = { algorithm: "bracket", initial: 6, min: 1, max: 50 } as const
const configOf = Schema.decodeUnknownSync(AccountConfiguration)

const account = (id: string, more: Partial<AccountContext> = {}): AccountContext => ({
  ...newAccount(),
  config: configOf({ id, concurrency: { adaptive: bounds } }),
  channel: "c",
  mode: { adaptive: bounds },
  learning: learn(bounds),
  ...more,
})

const adjusted = (at: number) => ({ at, from: 6, to: 5, reason: "rejected" }) as const
const rejections = { concurrency: 3, rate: 2, lastAt: 1_790_000_000_000, lastType: "concurrency" } as const

describe("S6: the limit of an account", () => {
  it("is learned, and then there is no fixed one", () => {
    expect(limitAnswer(account("a"))).toEqual({
      id: "a",
      isAdaptive: true,
      maxConcurrent: null,
      effectiveLimit: 6,
    })
  })

  it("is a number, or there is none", () => {
    const fixed = { isAdaptive: false, maxConcurrent: 9, effectiveLimit: 9 }
    expect(limitAnswer(account("a", { mode: 9 }))).toMatchObject(fixed)
    const none = { isAdaptive: false, maxConcurrent: null, effectiveLimit: null }
    expect(limitAnswer(account("a", { mode: null, learning: null }))).toMatchObject(none)
  })

  it("is what a rejection or a recovery has left of it", () => {
    expect(limitAnswer(account("a", { mode: 9, lowered: { limit: 4, since: 1 } }))).toMatchObject({
      maxConcurrent: 9,
      effectiveLimit: 4,
    })
    expect(limitAnswer(account("a", { ramp: { limit: 2, since: 1 } })).effectiveLimit).toBe(2)
  })
})

describe("S6: the accounts that learn", () => {
  const named = configOf({ id: "b", name: "Team B", concurrency: "adaptive" })
  const all = [
    account("a", { rejections }),
    account("b", { config: named, channel: "d" }),
    account("fixed", { mode: 4 }),
    account("gone", { removed: true }),
  ]

  it("are listed with what was learned and how often they were rejected, by their name or else their id", () => {
    expect(listAnswer(all, null)).toEqual([
      {
        id: "a",
        name: "a",
        channel: "c",
        isAdaptive: true,
        maxConcurrent: null,
        effectiveLimit: 6,
        learnedLimit: 6,
        concurrency429Count: 3,
        rpm429Count: 2,
      },
      expect.objectContaining({ id: "b", name: "Team B", channel: "d", concurrency429Count: 0 }),
    ])
  })

  it("are listed of one channel", () => {
    expect(listAnswer(all, "d").map(({ id }) => id)).toEqual(["b"])
  })
})

describe("S6: the statistics of an account", () => {
  it("tell the last adjustments, the newest first, and how many there ever were", () => {
    const adjustments = { count: 17, recent: [1, 2, 3, 4, 5].map(adjusted) }
    expect(statsAnswer(account("a", { rejections, adjustments }))).toEqual({
      id: "a",
      kind: "account",
      adaptiveMode: true,
      maxConcurrent: null,
      effectiveLimit: 6,
      learnedLimit: 6,
      concurrent429Count: 3,
      rpm429Count: 2,
      last429At: 1_790_000_000_000,
      last429Type: "concurrency",
      adjustmentCount: 17,
      recentAdjustments: [5, 4, 3, 2, 1].map(adjusted),
      window: { samples: 0, inFlight: 0, utilization: 0 },
    })
  })

  it("tell times as the machine's clock has them (L2)", () => {
    const adjustments = { count: 1, recent: [adjusted(100)] }
    const time = { differs: true, toWall: (at: number) => at - 60 }
    expect(statsAnswer(shownBy(account("a", { rejections, adjustments }), time))).toMatchObject({
      last429At: 1_790_000_000_000 - 60,
      recentAdjustments: [{ ...adjusted(100), at: adjusted(100).at - 60 }],
    })
  })

  it("are there of a fixed limit too, and what was learned before; counts are never null", () => {
    const stats = {
      adaptiveMode: false,
      maxConcurrent: 4,
      learnedLimit: 6,
      concurrent429Count: 0,
      rpm429Count: 0,
    }
    expect(statsAnswer(account("a", { mode: 4 }))).toMatchObject(stats)
    const unlimited = statsAnswer(account("a", { mode: null, learning: null }))
    expect(unlimited).toMatchObject({ learnedLimit: null, last429At: null, window: { utilization: null } })
  })
})

describe("S6: the summary", () => {
  it("adds up the accounts that learn, and no others", () => {
    const adjustments = { count: 2, recent: [1, 2].map(adjusted) }
    const all = [
      account("a", { rejections, adjustments }),
      account("b", { rejections }),
      account("fixed", { mode: 4, rejections, adjustments }),
    ]
    expect(summaryAnswer(all)).toMatchObject({
      adaptiveCount: 2,
      concurrent429Count: 6,
      rpm429Count: 4,
      adjustmentCount: 2,
    })
  })

  it("has the newest adjustments first, three of one account at most and ten in all", () => {
    const adjustments = (from: number) => ({
      count: 5,
      recent: [0, 1, 2, 3, 4].map((n) => adjusted(from + n)),
    })
    const all = ["a", "b", "c", "d"].map((id, n) => account(id, { adjustments: adjustments(10 * n) }))
    const newest = summaryAnswer(all).recentAdjustments.map(({ id, at }) => `${id}${at}`)
    expect(newest.join(" ")).toBe("d34 d33 d32 c24 c23 c22 b14 b13 b12 a4")
    expect(summaryAnswer(all).recentAdjustments[0]).toEqual({ id: "d", name: "d", ...adjusted(34) })
  })
})
