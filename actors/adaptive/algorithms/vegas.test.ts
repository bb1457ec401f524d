import { describe, expect, it } from "vitest"
import { limitsOf, manySucceeded, refused } from "../../testing/evidence.ts"
import { vegas } from "./vegas.ts"

/** One window: ten attempts over a second. */
const window = (nth: number, more: { readonly level?: number; readonly holdMs?: number } = {}) =>
  manySucceeded(10, {
    fromMs: nth * 2_000,
    everyMs: 120,
    level: more.level ?? 10,
    holdMs: more.holdMs ?? 400,
  })

describe("Vegas", () => {
  it("learns from the first window how long attempts take, and leaps while none wait", () => {
    expect(limitsOf(vegas, window(0))).toEqual([10])
    expect(limitsOf(vegas, [...window(0), ...window(1)])).toEqual([10, 16])
  })

  it("steps while few wait, stays where more do, falls where many do", () => {
    // ⌈10 · (1 − 400/holdMs)⌉ wait: 2, 5 and 8.
    const after = (holdMs: number) => limitsOf(vegas, [...window(0), ...window(1, { holdMs })])
    expect(after(480)).toEqual([10, 11])
    expect(after(800)).toEqual([10])
    expect(after(1_800)).toEqual([10, 9])
  })

  it("changes nothing while less than half of the limit is used", () => {
    expect(limitsOf(vegas, [...window(0), ...window(1, { level: 4 })])).toEqual([10])
  })

  it("takes one off for a burst of rejections", () => {
    const burst = [1, 2].map((late) => refused({ sentMs: late, atMs: 100 + late, level: 10 }))
    expect(limitsOf(vegas, burst)).toEqual([10, 9])
  })

  it("seeks the shortest latency anew after thirty limits' worth of attempts", () => {
    const slow = { holdMs: 800 }
    const many = Array.from({ length: 30 }, (_, nth) => window(1 + nth, slow)).flat()
    expect(limitsOf(vegas, [...window(0), ...many])).toEqual([10])
    expect(limitsOf(vegas, [...window(0), ...many, ...window(31, slow)])).toEqual([10, 16])
  })
})
