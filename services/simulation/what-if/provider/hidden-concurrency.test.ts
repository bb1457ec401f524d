import { describe, expect, it } from "vitest"
import { attempt } from "../testing/attempts.ts"
import { hiddenConcurrency, limitAt } from "./hidden-concurrency.ts"
import type { LevelEvidence } from "./level-evidence.ts"

/** One attempt a second, at the levels that are given; those above what is taken at that time are rejected. */
const evidence = (
  levels: ReadonlyArray<number>,
  taken: (atMs: number, nth: number) => number,
): ReadonlyArray<LevelEvidence> =>
  levels.map((level, nth) => {
    const atMs = nth * 1_000
    return { attempt: attempt(atMs), atMs, level, isRejected: level > taken(atMs, nth) }
  })

/** Up to the level and down again, over and over. */
const upAndDown = (most: number, count: number): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, nth) => 1 + (nth % most))

describe("a hidden concurrency", () => {
  it("is one less than the lowest level that was rejected, where all else was taken", () => {
    expect(hiddenConcurrency(evidence(upAndDown(8, 100), () => 5))).toEqual([{ fromMs: -Infinity, limit: 5 }])
  })

  it("is any number where nothing was rejected", () => {
    const steps = hiddenConcurrency(evidence(upAndDown(8, 100), () => 8))
    expect(steps).toEqual([{ fromMs: -Infinity, limit: null }])
    expect(limitAt(steps, 0)).toBeNull()
  })

  it("changes where the answers do", () => {
    const steps = hiddenConcurrency(evidence(upAndDown(12, 300), (atMs) => (atMs < 150_000 ? 10 : 4)))
    expect(steps.map(({ limit }) => limit)).toEqual([10, 4])
    expect(steps[1]?.fromMs).toBeGreaterThan(140_000)
    expect(steps[1]?.fromMs).toBeLessThan(160_000)
    expect([limitAt(steps, 0), limitAt(steps, 200_000)]).toEqual([10, 4])
  })

  it("does not follow what is rejected by chance", () => {
    const steps = hiddenConcurrency(evidence(upAndDown(8, 300), (_, nth) => (nth % 50 === 7 ? 0 : 6)))
    expect(steps).toEqual([{ fromMs: -Infinity, limit: 6 }])
  })

  it("is higher again after what is taken above it", () => {
    const steps = hiddenConcurrency(evidence(upAndDown(12, 400), (atMs) => (atMs < 200_000 ? 3 : 11)))
    expect(steps.map(({ limit }) => limit)).toEqual([3, 11])
  })
})
