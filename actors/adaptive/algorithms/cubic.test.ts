import { describe, expect, it } from "vitest"
import { limitsOf, manySucceeded, refused, usualBounds } from "../../testing/evidence.ts"
import { cubic } from "./cubic.ts"

const rejected = refused({ sentMs: 1, atMs: 100, level: 40 })
const from40 = { ...usualBounds, initial: 40 }
/** A thousand attempts in ten seconds: the limit reaches what is aimed at. */
const used = (fromMs: number, count = 1_000) => manySucceeded(count, { fromMs, everyMs: 10, level: 200 })
const lastOf = (evidence: ReturnType<typeof used>) => limitsOf(cubic, evidence, from40).at(-1)

describe("CUBIC", () => {
  it("doubles the limit with each limit's worth of attempts until one is rejected", () => {
    expect(limitsOf(cubic, used(0, 10)).at(-1)).toBe(20)
  })

  it("takes 30 % off for a whole burst", () => {
    expect(limitsOf(cubic, [rejected, refused({ sentMs: 2, atMs: 101, level: 40 })], from40)).toEqual([
      40, 28,
    ])
  })

  it("is back where it was rejected after the cube root of (40 · 0.3 / 0.4) seconds, and flat about it", () => {
    // K = 3.1 s.
    expect(lastOf([rejected, ...used(200, 150)])).toBeLessThan(40)
    expect(lastOf([rejected, ...used(200, 300)])).toBe(39)
    expect(lastOf([rejected, ...used(200, 420)])).toBe(40)
  })

  it("then grows faster and faster", () => {
    const limitAfter = (seconds: number) => lastOf([rejected, ...used(200, seconds * 100)]) ?? 0
    const first = limitAfter(6) - limitAfter(5)
    const later = limitAfter(8) - limitAfter(7)
    expect(later).toBeGreaterThan(first)
    expect(first).toBeGreaterThan(0)
  })

  it("aims at less where it is rejected below the last rejection", () => {
    const again = refused({ sentMs: 200, atMs: 300, level: 28 })
    // 28 · (1 + 0.7) / 2 = 23.8, and flat about it from 1.9 s on.
    const slowly = (count: number) => manySucceeded(count, { fromMs: 400, everyMs: 40, level: 200 })
    expect(lastOf([rejected, again, ...slowly(50)])).toBe(22)
    expect(lastOf([rejected, again, ...slowly(75)])).toBe(23)
  })

  it("does not grow while a quarter or more of the limit is free", () => {
    const idle = manySucceeded(100, { fromMs: 200, everyMs: 100, level: 20 })
    expect(limitsOf(cubic, [rejected, ...idle], from40)).toEqual([40, 28])
  })
})
