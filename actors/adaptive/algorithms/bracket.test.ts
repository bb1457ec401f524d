import { describe, expect, it } from "vitest"
import { refused } from "../../testing/evidence.ts"
import { start } from "../../testing/specification.ts"
import type { Bounds, LimitEvidence } from "../algorithm.ts"
import type { Bracket } from "./bracket-evidence.ts"
import { bracket } from "./bracket.ts"

const bounds: Bounds = { initial: 8, min: 1, max: 200 }

let leases = 0

/** A provider that takes so many at once, asked one attempt after the other as the ceiling allows it. */
class Search {
  state: Bracket = bracket.begin(bounds)
  atMs = 0
  rejections = 0

  get limit(): number {
    return bracket.proposal(this.state).limit
  }

  ceiling(inFlight = this.limit): number {
    return bracket.ceiling(this.state, { inFlight, now: start + this.atMs }, bounds)
  }

  tell(...evidence: ReadonlyArray<LimitEvidence>): this {
    for (const one of evidence) this.state = bracket.observe(this.state, one, bounds)
    return this
  }

  /** Sends an attempt at a level, and hears a little later whether it was accepted. */
  send(level: number, capacity: number): this {
    const lease = `r${(leases += 1)}.1`
    const sentAt = start + this.atMs
    const of = { lease, level, sentAt }
    this.tell({ ...of, kind: "sent", at: sentAt })
    this.atMs += 200
    const at = start + this.atMs
    if (level <= capacity) return this.tell({ ...of, kind: "accepted", at })
    this.rejections += 1
    const rejected = { kind: "rejected", jitter: 0, retryAfterMs: null, isUnknown: false } as const
    return this.tell({ ...of, ...rejected, inFlight: level - 1, at })
  }

  /** Keeps as much in flight as the ceiling allows, for so many attempts. */
  press(capacity: number, attempts: number): this {
    for (let attempt = 0; attempt < attempts; attempt += 1) this.send(this.ceiling(this.limit - 1), capacity)
    return this
  }
}

describe("a search up", () => {
  it("tests above the limit at once while nothing was rejected, further with each success", () => {
    const search = new Search()
    expect(search.ceiling()).toBe(9)
    search.send(9, 100)
    expect([search.limit, search.ceiling()]).toEqual([9, 11])
    search.send(11, 100)
    expect([search.limit, search.ceiling()]).toEqual([11, 13])
  })

  it("goes to the middle between what was accepted and what was rejected, until nothing is left between", () => {
    const search = new Search().send(9, 9).send(11, 9)
    expect([search.limit, search.state.hi, search.ceiling()]).toEqual([9, 11, 10])
    search.send(10, 9)
    expect([search.limit, search.state.hi, bracket.isSettled(search.state)]).toEqual([9, 10, true])
  })

  it.each([1, 2, 3, 8, 9, 40, 173])("finds %i with few rejections", (capacity) => {
    const search = new Search().press(capacity, 60)
    expect(search.limit).toBe(capacity)
    expect(search.rejections).toBeLessThanOrEqual(12)
  })
})

describe("a limit that is found", () => {
  const found = () => new Search().press(9, 20)

  it("is tested by one attempt at a time, after a pause that doubles with each rejection", () => {
    const search = found()
    const pausesMs: Array<number> = []
    for (let test = 0; test < 5; test += 1) {
      while (search.ceiling() === search.limit) search.send(9, 9)
      search.send(10, 9)
      pausesMs.push(search.state.nextTestAt - start - search.atMs)
      expect(search.ceiling()).toBe(search.limit)
    }
    expect(pausesMs).toEqual([10_000, 20_000, 40_000, 60_000, 60_000])
  })

  it("is tested only as often as acceptances have paid for: five rejections in a thousand", () => {
    const search = found()
    const { rejections } = search
    for (let attempt = 0; attempt < 4_000; attempt += 1) search.press(9, 1)
    expect(search.rejections - rejections).toBeLessThanOrEqual(4_000 * 0.005 + 3)
    expect(search.rejections).toBeGreaterThan(rejections)
  })

  it("is tested more often where slots are few: each is worth more there", () => {
    const rejections = [3, 9].map((capacity) => {
      const search = new Search().press(capacity, 60)
      const before = search.rejections
      for (let attempt = 0; attempt < 2_000; attempt += 1) {
        search.atMs += 2_000
        search.press(capacity, 1)
      }
      return search.rejections - before
    })
    expect(rejections[0]).toBeGreaterThan(2 * (rejections[1] ?? 0))
    expect(rejections[0]).toBeLessThanOrEqual(2_000 * 0.02 + 3)
  })

  it("rises again when a test is accepted: what was rejected before counts no more", () => {
    const search = found().press(30, 400)
    expect(search.limit).toBe(30)
  })
})

describe("F1: what an acceptance proves", () => {
  const of = { lease: "t.1", level: 9, sentAt: start }

  it("is one fewer for each attempt that ended while it was on its way", () => {
    const search = new Search().tell({ ...of, kind: "sent", at: start })
    const ended = { lease: "o.1", level: 3, sentAt: start - 9_000, at: start + 50 }
    search.tell({ ...ended, kind: "ended", holdMs: 9_050, isOk: true, inFlight: 8 })
    search.tell({ ...of, kind: "accepted", at: start + 200 })
    expect(search.limit).toBe(8)
  })

  it("is one fewer where an attempt that was sent before was rejected", () => {
    const search = new Search()
    search.tell(
      { ...of, kind: "sent", at: start },
      { ...of, lease: "u.1", level: 10, kind: "sent", at: start },
    )
    search.tell({ ...refused({ sentMs: 0, atMs: 100, level: 9 }), lease: "t.1" })
    search.tell({ ...of, lease: "u.1", level: 10, kind: "accepted", at: start + 200 })
    expect(search.limit).toBeLessThanOrEqual(9)
  })

  it("is not known while a test that was sent before may yet be rejected", () => {
    const search = new Search()
    const younger = { ...of, lease: "u.1", level: 10, sentAt: start + 20 }
    search.tell({ ...of, kind: "sent", at: start }, { ...younger, kind: "sent", at: start + 20 })
    search.tell({ ...younger, kind: "accepted", at: start + 900 })
    expect(search.limit).toBe(8)
    search.tell({ ...of, kind: "accepted", at: start + 5_000 })
    expect(search.limit).toBe(10)
  })

  it("is one fewer where that test is rejected", () => {
    const search = new Search()
    const younger = { ...of, lease: "u.1", level: 9, sentAt: start + 20 }
    search.tell({ ...of, kind: "sent", at: start }, { ...younger, kind: "sent", at: start + 20 })
    search.tell({ ...younger, kind: "accepted", at: start + 900 })
    search.tell({ ...refused({ sentMs: 0, atMs: 5_000, level: 9 }), lease: "t.1" })
    search.send(7, 8)
    expect(search.limit).toBe(8)
  })
})

describe("F3, F6: a rejection at a proven level", () => {
  const proven = () => {
    const search = new Search().press(20, 60)
    search.atMs += 600_000
    return search
  }
  const strike = (search: Search, afterMs = 3_000) => {
    search.atMs += afterMs
    return search.tell(refused({ sentMs: search.atMs - 100, atMs: search.atMs, level: search.limit }))
  }

  it("is not believed alone, and its level is left alone for a moment", () => {
    const search = strike(proven())
    expect([search.limit, search.ceiling()]).toEqual([20, 19])
    search.atMs += 2_000
    expect(search.ceiling()).toBe(20)
  })

  it("is put on trial by one attempt at a time, as soon as no late rejection of an older one can come", () => {
    const search = proven()
    search.atMs += 5_000
    search.tell(refused({ sentMs: search.atMs - 5_000, atMs: search.atMs, level: 20 }))
    search.atMs += 4_900
    expect(search.ceiling()).toBe(19)
    search.atMs += 100
    expect(search.ceiling()).toBe(20)
    const sentAt = start + search.atMs
    search.tell({ lease: "p.1", level: 20, sentAt, at: sentAt, kind: "sent" })
    expect(search.ceiling()).toBe(19)
  })

  it("is believed when a second one follows, and the limit falls", () => {
    expect(strike(strike(proven())).limit).toBe(19)
  })

  it("is noise where an acceptance at its level contradicts it, and noise makes the next ones weigh less", () => {
    const search = proven()
    for (let nth = 0; nth < 30; nth += 1) {
      strike(search)
      search.atMs += 2_000
      for (let level = 0; level < 4; level += 1) search.send(20, 20)
    }
    expect(search.limit).toBe(20)
    expect(strike(strike(search)).limit).toBe(20)
  })

  it("falls 1, 2, 4, … further for each further proof, with one attempt at a time until one is accepted", () => {
    const search = strike(strike(proven()))
    const limits = [search.limit]
    while (search.state.drops > 0) {
      expect(search.ceiling(5)).toBe(search.limit)
      search.send(search.limit, 12)
      limits.push(search.limit)
    }
    expect(limits.slice(0, 4)).toEqual([19, 17, 13, 9])
  })

  it("lets one attempt go at a time while the limit is proven again", () => {
    const search = strike(strike(proven()))
    search.tell({
      lease: "s.1",
      level: 6,
      sentAt: start + search.atMs,
      at: start + search.atMs,
      kind: "sent",
    })
    expect(search.ceiling(6)).toBe(6)
  })

  it("of a burst is one decrease: what was sent before the last one changes nothing", () => {
    const search = strike(strike(proven()))
    const burst = [17, 16, 15].map((level) =>
      refused({ sentMs: search.atMs - 50, atMs: search.atMs + 20, level }),
    )
    expect(search.tell(...burst).limit).toBe(19)
  })
})
