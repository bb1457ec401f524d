import { describe, expect, it } from "vitest"
import { limitsOf, manySucceeded, refused } from "../../testing/evidence.ts"
import { gradient2 } from "./gradient2.ts"

/** One window: ten attempts over a second. */
const window = (nth: number, more: { readonly level?: number; readonly holdMs?: number } = {}) =>
  manySucceeded(10, {
    fromMs: nth * 2_000,
    everyMs: 120,
    level: more.level ?? 10,
    holdMs: more.holdMs ?? 400,
  })
const windows = (count: number, more: Parameters<typeof window>[1] = {}, from = 0) =>
  Array.from({ length: count }, (_, nth) => window(from + nth, more)).flat()

describe("Gradient2", () => {
  it("tries a fifth of four more with each window while latencies stay", () => {
    expect(limitsOf(gradient2, windows(1))).toEqual([10])
    expect(limitsOf(gradient2, windows(5))).toEqual([10, 11, 12, 13, 14])
  })

  it("bears latencies up to half as much again, and falls when they rise further", () => {
    const steady = windows(10, { level: 20 })
    const before = limitsOf(gradient2, steady).at(-1) ?? 0
    const borne = limitsOf(gradient2, [...steady, ...windows(2, { level: 20, holdMs: 590 }, 10)])
    expect(borne.at(-1)).toBeGreaterThan(before)
    const slow = limitsOf(gradient2, [...steady, ...windows(5, { level: 20, holdMs: 2_000 }, 10)])
    expect(slow.at(-1)).toBeLessThan(before)
  })

  it("changes nothing while less than half of the limit is used", () => {
    expect(limitsOf(gradient2, windows(20, { level: 4 }))).toEqual([10])
  })

  it("knows nothing of rejections", () => {
    expect(limitsOf(gradient2, [refused({ atMs: 50, sentMs: 1, level: 10 })])).toEqual([10])
  })
})
