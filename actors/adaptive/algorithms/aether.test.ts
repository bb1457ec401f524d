import { describe, expect, it } from "vitest"
import { limitsOf, manySucceeded, refused, succeeded } from "../../testing/evidence.ts"
import { algorithms } from "../algorithms.ts"
import { aether } from "./aether.ts"

const minuteMs = 60_000
const { bounds } = algorithms.aether
const limits = (...evidence: Parameters<typeof limitsOf>[1]) => limitsOf(aether, evidence, bounds)
const busy = (count: number, fromMs = 0) => manySucceeded(count, { fromMs, everyMs: 1_000, level: 35 })
const idle = (count: number, fromMs = 0) => manySucceeded(count, { fromMs, everyMs: 1_000, level: 34 })
const rejected = refused({ sentMs: 1, atMs: 100, level: 50 })

describe("F10: Aether's rule", () => {
  it("begins at 50 and stays between 3 and 200", () => {
    expect(bounds).toEqual({ initial: 50, min: 3, max: 200 })
  })

  it("grows by 2 with the fifth attempt that used 70 % of the limit", () => {
    expect(limits(...busy(4))).toEqual([50])
    expect(limits(...busy(5))).toEqual([50, 52])
  })

  it("grows where 60 % of the attempts did, not where fewer did", () => {
    expect(limits(...idle(2), ...busy(3, 2_000))).toEqual([50, 52])
    expect(limits(...idle(3), ...busy(2, 3_000))).toEqual([50])
    expect(limits(...idle(3), ...busy(5, 3_000))).toEqual([50, 52])
  })

  it("looks at the last 20 attempts only, and at those of two minutes", () => {
    expect(limits(...idle(100), ...busy(11, 100_000))).toEqual([50])
    expect(limits(...idle(100), ...busy(12, 100_000))).toEqual([50, 52])
    expect(limits(...idle(100), ...busy(5, 99_000 + 2 * minuteMs))).toEqual([50, 52])
    expect(limits(...busy(4), ...busy(1, 3_000 + 2 * minuteMs))).toEqual([50])
  })

  it("takes 15 % off for a rejection for concurrency, 10 % for one of an unknown kind", () => {
    expect(limits(rejected)).toEqual([50, 42])
    expect(limits(refused({ sentMs: 1, atMs: 100, level: 50, isUnknown: true }))).toEqual([50, 45])
  })

  it("takes one burst for one decrease, and never goes below 3 (F3)", () => {
    const burst = [1, 2, 3].map((late) => refused({ sentMs: late, atMs: 100 + late, level: 50 }))
    expect(limits(rejected, ...burst)).toEqual([50, 42])
    const bursts = Array.from({ length: 100 }, (_, nth) =>
      refused({ sentMs: 1_000 * nth + 1, atMs: 1_000 * nth + 100, level: 50 }),
    )
    expect(limits(...bursts).at(-1)).toBe(3)
  })

  it("does not grow for five minutes after a rejection", () => {
    const after = (ms: number) => limits(rejected, ...busy(5, 100 + ms - 4_000))
    expect(after(5 * minuteMs - 1)).toEqual([50, 42])
    expect(after(5 * minuteMs)).toEqual([50, 42, 44])
  })

  it("probes one more after thirty minutes without a rejection, however little is used, and again after thirty", () => {
    const seldom = (minutes: number) => succeeded({ atMs: 100 + minutes * minuteMs, level: 1 })
    expect(limits(rejected, seldom(29))).toEqual([50, 42])
    expect(limits(rejected, seldom(30), seldom(59))).toEqual([50, 42, 43])
    expect(limits(rejected, seldom(30), seldom(60))).toEqual([50, 42, 43, 44])
    expect(limits(seldom(0), seldom(30))).toEqual([50, 51])
  })
})
