import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { manualClock } from "./clock.ts"
import { SubjectTime } from "./subject-time.ts"

const start = 1_790_000_000_000
const minute = 60_000

const ahead = (ms: number) => {
  const clock = manualClock(start)
  return { clock, time: new SubjectTime(clock, start + ms) }
}

describe("L2: the time of a subject whose last fact is ahead of the clock", () => {
  it("goes on at nine tenths until both meet, and with the clock from there", () => {
    const { clock, time } = ahead(minute)
    expect([time.now() - start, time.aheadMs]).toEqual([minute, minute])
    clock.advance(5 * minute)
    expect([time.now() - start, time.aheadMs]).toEqual([5.5 * minute, minute / 2])
    clock.advance(6 * minute)
    expect([time.now() - start, time.aheadMs, time.differs]).toEqual([11 * minute, 0, false])
    clock.advance(minute)
    expect(time.now() - start).toBe(12 * minute)
  })

  it("goes on also where it is asked for each millisecond", () => {
    const { clock, time } = ahead(minute)
    for (let ms = 0; ms < 1_000; ms += 1) {
      clock.advance(1)
      time.now()
    }
    expect(time.now() - start).toBe(minute + 900)
  })

  it("is held back too where the clock is put back while it runs", () => {
    const { clock, time } = ahead(-minute)
    clock.stepWall(-100 * minute)
    clock.advance(10 * minute)
    expect([time.now() - start, time.aheadMs]).toEqual([9 * minute, 99 * minute])
  })

  it("tells when a span of real time is over, and when a time of its own comes", () => {
    const { clock, time } = ahead(100 * minute)
    const until = time.of(clock.now() + 5_000)
    expect(until - time.now()).toBe(4_500)
    expect(time.toProcess(until)).toBe(start + 5_000)
    clock.advance(5_000)
    expect(time.now()).toBe(until)
  })

  it("is shown as what the machine's clock says then", () => {
    const { clock, time } = ahead(100 * minute)
    expect(time.toWall(time.now())).toBe(start)
    clock.stepWall(-minute)
    time.now()
    expect(time.toWall(time.now())).toBe(start - minute)
  })
})

type Step = { readonly passes: number } | { readonly steps: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ passes: fc.integer({ min: 0, max: 10 * minute }) }),
  fc.record({ steps: fc.integer({ min: -200 * minute, max: 200 * minute }) }),
)

describe("L2, L3: whatever the machine's clock does, the time of a subject", () => {
  it("never falls, passes with real time but for a tenth, and finds back what it was given", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -100 * minute, max: 100 * minute }),
        fc.array(step, { maxLength: 30 }),
        (offset, steps) => {
          const { clock, time } = ahead(offset)
          let before = time.now()
          for (const one of steps) {
            const wasAhead = time.aheadMs
            if ("steps" in one) clock.stepWall(one.steps)
            else clock.advance(one.passes)
            const passed = "passes" in one ? one.passes : 0
            const now = time.now()
            expect(now - before).toBeGreaterThanOrEqual(Math.floor(0.9 * passed) - 1)
            expect(now - before).toBeLessThanOrEqual(passed + 1)
            const least = passed > 0 && wasAhead > 0 ? wasAhead : Infinity
            expect(time.aheadMs).toBeLessThanOrEqual(least)
            before = now
            for (const spanMs of [0, 1, 5_000, 90 * minute]) {
              const at = time.of(clock.now() + spanMs)
              expect(Math.abs(time.toProcess(at) - clock.now() - spanMs)).toBeLessThanOrEqual(2)
            }
          }
        },
      ),
    )
  })
})
