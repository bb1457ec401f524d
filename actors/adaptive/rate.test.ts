import { describe, expect, it } from "vitest"
import { start } from "../testing/specification.ts"
import { firstRate, isRefuted, raisedRate, rateAfterRejection, risesAt, takeRate } from "./rate.ts"
import { contradict, doubted, looksLikeRate, noUse, type RecentUse, useOf } from "./recent-use.ts"

const first = takeRate(null, { to: 100, at: start, isRise: false })

describe("F7: a rate that is not told", () => {
  it("begins a little below what was accepted in the last minute, or with what the provider says", () => {
    expect([firstRate(120, null), firstRate(120, 90), firstRate(0, null)]).toEqual([116, 90, 1])
  })

  it("rises by 2 %, then 4, then 8 each time, after 20 quiet seconds in which requests waited for it", () => {
    let rate = first
    const rates: Array<number> = []
    for (let nth = 1; nth <= 5; nth += 1) {
      const at = start + nth * 20_000
      expect(risesAt(rate)).toBeNull()
      expect(risesAt({ ...rate, boundAt: at - 1 })).toBeNull()
      expect(risesAt({ ...rate, boundAt: at })).toBe(at)
      rate = takeRate(rate, { to: raisedRate(rate), at, isRise: true })
      rates.push(rate.perMinute)
    }
    expect(rates).toEqual([102, 106, 114, 123, 132])
  })

  it("goes back below the last that was good, and rises from there in small steps again", () => {
    const raised = takeRate(first, { to: 116, at: start + 20_000, isRise: true })
    const to = rateAfterRejection(raised, { stated: null, acceptedInMinute: 110 })
    expect(to).toBe(99)
    expect(rateAfterRejection(raised, { stated: null, acceptedInMinute: 50 })).toBe(48)
    expect(rateAfterRejection(raised, { stated: 80, acceptedInMinute: 50 })).toBe(80)
    const fallen = takeRate(raised, { to, at: start + 30_000, isRise: false })
    expect([fallen.good, raisedRate({ ...fallen, perMinute: 100 })]).toEqual([99, 102])
  })

  it("is none after all where rejections go on however low it gets", () => {
    let rate = first
    for (let fall = 0; fall < 8; fall += 1) {
      expect(isRefuted(rate)).toBe(false)
      rate = takeRate(rate, {
        to: rateAfterRejection(rate, { stated: null, acceptedInMinute: 200 }),
        at: start,
        isRise: false,
      })
    }
    expect(isRefuted(rate)).toBe(true)
  })
})

describe("F7: rejections that do not say their kind", () => {
  /** One request each half second; rejected at these levels, each 20 s after the one before, and accepted at a higher level between. */
  const after = (levels: ReadonlyArray<number>, { perSecond = 2, isContradicted = true } = {}): RecentUse => {
    let use = noUse
    for (let second = 0; second < 120; second += 1)
      for (let nth = 0; nth < perSecond; nth += 1) use = useOf(use, start + second * 1_000, 0)
    for (const [nth, level] of levels.entries()) {
      const at = start + 60_000 + nth * 20_000
      use = doubted(use, level, at)
      if (isContradicted) use = contradict(use, { level: level + 1, sentAt: at + 500 })
    }
    return use
  }
  const now = start + 120_000

  it("are of a rate where they come at whatever level, and others are accepted above", () => {
    expect(looksLikeRate(after([14, 9, 11]), now)).toBe(true)
  })

  it("are not where they all come at one level: that is noise at the limit", () => {
    expect(looksLikeRate(after([20, 20, 19]), now)).toBe(false)
  })

  it("are not where nothing at their level was accepted since: that is a limit that falls", () => {
    expect(looksLikeRate(after([14, 11, 9], { isContradicted: false }), now)).toBe(false)
  })

  it("are not where they are too few, or long ago", () => {
    expect(looksLikeRate(after([14, 9]), now)).toBe(false)
    expect(looksLikeRate(after([14, 9, 11]), now + 300_000)).toBe(false)
  })
})
