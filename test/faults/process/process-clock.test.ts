import { manualClock } from "@sluice/infra/clock/clock.ts"
import { describe, expect, it } from "vitest"
import { ProcessClock } from "./process-clock.ts"

const start = () => {
  const world = manualClock()
  const process = new ProcessClock(world)
  const fired: Array<number> = []
  const begun = world.now()
  process.at(begun + 100, () => fired.push(world.now() - begun))
  return { world, process, fired }
}

describe("the clock of a process", () => {
  it("fires nothing once the process is killed, and tells the world of its end once", () => {
    const { world, process, fired } = start()
    let ends = 0
    process.onKill(() => (ends += 1))
    process.kill()
    process.kill()
    world.advance(1_000)
    expect([fired, ends]).toEqual([[], 1])
  })

  it("fires what was due while the process was frozen when it goes on", () => {
    const { world, process, fired } = start()
    process.freeze(250)
    world.advance(1_000)
    expect(fired).toEqual([250])
  })

  it("takes back a timer that was put off", () => {
    const { world, process } = start()
    let isFired = false
    const cancel = process.at(world.now() + 10, () => (isFired = true))
    process.freeze(250)
    world.advance(100)
    cancel()
    world.advance(1_000)
    expect(isFired).toBe(false)
  })

  it("begins with what the machine's clock shows, and goes on whatever that is set to", () => {
    const world = manualClock()
    let aheadMs = 60_000
    const process = new ProcessClock(world, () => aheadMs)
    const begun = process.now()
    expect(begun - world.now()).toBe(60_000)
    aheadMs = -1_000
    expect([process.wallAhead(), process.settledAhead()]).toEqual([-61_000, -61_000])
    aheadMs = 60_000
    expect([process.wallAhead(), process.settledAhead()]).toEqual([0, -61_000])
    const fired: Array<number> = []
    process.at(begun + 100, () => fired.push(process.now() - begun))
    world.advance(100)
    expect(fired).toEqual([100])
  })
})
