import { describe, expect, it } from "vitest"
import { VirtualClock } from "./virtual-clock.ts"

describe("a virtual clock", () => {
  it("fires timers in the order of their time, and those of one instant in the order in which they were set", async () => {
    const clock = new VirtualClock(1_000)
    const fired: Array<string> = []
    const set = (name: string, atMs: number) => clock.at(atMs, () => fired.push(`${name} ${clock.now()}`))
    set("late", 2_000)
    set("first", 1_500)
    set("second", 1_500)
    set("past", 0)
    await clock.run(3_000)
    expect(fired).toEqual(["past 1000", "first 1500", "second 1500", "late 2000"])
    expect(clock.now()).toBe(3_000)
  })

  it("leaves what is later than its end for the next run", async () => {
    const clock = new VirtualClock(0)
    let fired = 0
    clock.at(100, () => (fired += 1))
    await clock.run(99)
    expect(fired).toBe(0)
    await clock.run(100)
    expect(fired).toBe(1)
  })

  it("fires no timer that was cancelled", async () => {
    const clock = new VirtualClock(0)
    const cancel = clock.at(10, () => expect.unreachable())
    cancel()
    await clock.run(20)
    expect(clock.now()).toBe(20)
  })

  it("lets every promise settle before the next timer of the same instant", async () => {
    const clock = new VirtualClock(0)
    const order: Array<string> = []
    clock.at(5, () => {
      void (async () => {
        for (let hop = 0; hop < 10; hop += 1) await Promise.resolve()
        order.push(`settled at ${clock.now()}`)
      })()
    })
    clock.at(5, () => order.push("next"))
    await clock.run(5)
    expect(order).toEqual(["settled at 5", "next"])
  })

  it("fires what is set for now in the same instant", async () => {
    const clock = new VirtualClock(0)
    const times: Array<number> = []
    clock.at(7, () => clock.soon(() => times.push(clock.now())))
    await clock.run(7)
    expect(times).toEqual([7])
  })

  it("ends a run with what a callback throws", async () => {
    const clock = new VirtualClock(0)
    clock.at(1, () => {
      throw new Error("broken")
    })
    await expect(clock.run(2)).rejects.toThrow("broken")
  })
})
