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
})
