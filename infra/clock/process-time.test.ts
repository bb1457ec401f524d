import { describe, expect, it } from "vitest"
import { createSystemClock } from "./clock.ts"
import { SubjectTime } from "./subject-time.ts"

const start = 1_790_000_000_000
const minute = 60_000

/** A machine whose clock can be set, and that can sleep. */
const machine = () => {
  let monotonic = 5_000.5
  let wall = start
  let asleep = 7_000
  const clock = createSystemClock({
    monotonic: () => monotonic,
    wall: () => Math.floor(wall),
    uptime: () => Math.round((monotonic + asleep) / 10) * 10,
  })
  return {
    clock,
    passes: (ms: number) => {
      monotonic += ms
      wall += ms
    },
    setsItsClock: (byMs: number) => (wall += byMs),
    sleeps: (ms: number) => {
      wall += ms
      asleep += ms
    },
  }
}

const differences = ({ clock }: ReturnType<typeof machine>) => [clock.wallAhead(), clock.settledAhead()]

describe("the process's own time", () => {
  it("is that of the machine's clock, and takes no notice of steps below a second", () => {
    const box = machine()
    box.passes(1_500)
    box.setsItsClock(-900)
    expect([box.clock.now() - start, ...differences(box)]).toEqual([1_500, 0, 0])
  })

  it("goes on evenly where the machine's clock is put back, and keeps the difference", () => {
    const box = machine()
    box.setsItsClock(-100 * minute)
    expect(differences(box)).toEqual([-100 * minute, -100 * minute])
    box.passes(minute)
    expect([box.clock.now() - start, ...differences(box)]).toEqual([minute, -100 * minute, -100 * minute])
  })

  it("counts the time that the machine slept", () => {
    const box = machine()
    expect(differences(box)).toEqual([0, 0])
    box.sleeps(480 * minute)
    expect(differences(box)).toEqual([0, 0])
    expect(Math.abs(box.clock.now() - start - 480 * minute)).toBeLessThan(1_000)
  })

  it("holds a clock that was put forward for settled once it has stood for 15 minutes, and no sooner", () => {
    const box = machine()
    box.setsItsClock(100 * minute)
    expect(differences(box)).toEqual([100 * minute, 0])
    box.passes(10 * minute)
    expect(differences(box)).toEqual([100 * minute, 0])
    box.setsItsClock(-100 * minute)
    expect(differences(box)).toEqual([0, 0])
    box.setsItsClock(30 * minute)
    expect(differences(box)).toEqual([30 * minute, 0])
    box.passes(15 * minute)
    expect(differences(box)).toEqual([30 * minute, 30 * minute])
  })
})

describe("L2, L3: the time of a subject", () => {
  it("is not moved by a clock that is fast for 10 minutes", () => {
    const box = machine()
    const time = new SubjectTime(box.clock, start - minute)
    box.setsItsClock(100 * minute)
    box.passes(10 * minute)
    expect([time.now() - start, time.aheadMs]).toEqual([10 * minute, -100 * minute])
    box.setsItsClock(-100 * minute)
    box.passes(minute)
    expect([time.now() - start, time.aheadMs]).toEqual([11 * minute, 0])
  })

  it("goes to a clock that stays forward, and from a wrong beginning to the right time without overshooting it", () => {
    const box = machine()
    const late = new SubjectTime(box.clock, start - 60 * minute)
    const early = new SubjectTime(box.clock, start + 100 * minute)
    box.setsItsClock(120 * minute)
    expect([late.now() - start, early.now() - start]).toEqual([0, 100 * minute])
    box.passes(15 * minute)
    expect([late.now() - start, early.now() - start]).toEqual([135 * minute, 135 * minute])
  })
})
