import { describe, expect, it } from "vitest"
import { judge } from "../report/bars.ts"
import { median, medianFigures } from "../report/median.ts"
import { VirtualClock } from "../virtual-clock.ts"
import { Convergence } from "./convergence.ts"
import type { Figures } from "./figures.ts"
import { IdealService } from "./ideal-service.ts"

describe("the ideal", () => {
  it("is busy with all that it can serve, and with nothing that waited too long", async () => {
    const clock = new VirtualClock(0)
    const ideal = new IdealService(clock, { size: 2, timeoutMs: 1_500 })
    ideal.setCapacity(1)
    for (const holdMs of [1_000, 700, 400, 9_000]) ideal.arrive(holdMs)
    await clock.run(10_000)
    // The third waits 1.7 s and leaves; the fourth finds the queue full.
    expect(ideal.busyMs()).toBe(1_700)
  })

  it("serves who waits as soon as it may serve more, and nobody in an outage", async () => {
    const clock = new VirtualClock(0)
    const ideal = new IdealService(clock, { size: 5, timeoutMs: null })
    ideal.setCapacity(1)
    ideal.setOut(true)
    for (const holdMs of [1_000, 1_000]) ideal.arrive(holdMs)
    clock.at(500, () => ideal.setOut(false))
    clock.at(600, () => ideal.setCapacity(2))
    await clock.run(1_550)
    expect(ideal.busyMs()).toBe(1_000 + 950)
  })
})

describe("the time to come near the true limit", () => {
  it("is counted from each change until the limit is within a tenth", () => {
    const convergence = new Convergence(0)
    convergence.onTruth(40, 0)
    convergence.onLimit(8, 0)
    convergence.onLimit(35, 2_000)
    convergence.onLimit(36, 3_000)
    convergence.onTruth(15, 10_000)
    convergence.onLimit(17, 11_000)
    convergence.onLimit(16, 14_000)
    convergence.onTruth(60, 20_000)
    expect(convergence.changes).toEqual([
      { from: null, to: 40, afterS: 3 },
      { from: 40, to: 15, afterS: 4 },
      { from: 15, to: 60, afterS: null },
    ])
  })

  it("comes with how much the limit swings once it is near", () => {
    const convergence = new Convergence(0)
    convergence.onTruth(10, 0)
    convergence.onLimit(2, 0)
    convergence.onLimit(10, 5_000)
    convergence.onLimit(8, 6_000)
    expect(convergence.swing(7_000)).toBeCloseTo(0.1)
  })
})

const figures = (more: Partial<Figures>): Figures => ({
  requests: 1,
  completed: 1,
  refused: 0,
  failed: 0,
  clientRejections: 0,
  attempts: 1,
  rejections: 0,
  rejectedPer1000: 0,
  usePercent: 100,
  converged: [],
  swingPercent: null,
  p95WaitMs: 0,
  ...more,
})

describe("a median", () => {
  it("is the middle, and never is above all", () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(median([1, null, 2])).toBe(2)
    expect(median([1, null, null])).toBeNull()
  })

  it("of the times to come near is one for each change", () => {
    const run = (...afterS: ReadonlyArray<number | null>) =>
      figures({ converged: afterS.map((s, at) => ({ from: at === 0 ? null : 10, to: 20, afterS: s })) })
    const { converged } = medianFigures([run(1, null), run(5, 9), run(2, null)])
    expect(converged.map(({ afterS }) => afterS)).toEqual([2, null])
  })
})

describe("bars (F9)", () => {
  it("are met or missed, each by its own figure", () => {
    const converged = [
      { from: null, to: 40, afterS: 5 },
      { from: 40, to: 15, afterS: 11 },
      { from: 15, to: 60, afterS: null },
    ]
    const bars = { rejectedPer1000: 5, usePercent: 97, convergesS: 10, convergesDownS: 10, convergesUpS: 60 }
    const judged = judge(figures({ rejectedPer1000: 5, usePercent: 96.9, converged }), bars)
    expect(judged.map(({ bar, isMet }) => [bar, isMet])).toEqual([
      ["rejectedPer1000", true],
      ["usePercent", false],
      ["convergesS", true],
      ["convergesDownS", false],
      ["convergesUpS", false],
    ])
  })

  it("that are not asked are not judged", () => {
    expect(judge(figures({}), {})).toEqual([])
  })
})
