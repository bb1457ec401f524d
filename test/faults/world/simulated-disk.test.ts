import { manualClock } from "@sluice/infra/clock/clock.ts"
import { describe, expect, it } from "vitest"
import { ProcessClock } from "../process/process-clock.ts"
import { SimulatedDisk } from "./simulated-disk.ts"

/** Lets everything happen that is under way. */
const after = async <A>(world: ReturnType<typeof manualClock>, done: Promise<A>): Promise<A> => {
  for (let step = 0; step < 10; step += 1) {
    world.advance(10)
    await Promise.resolve()
  }
  return done
}

const start = async (draw: number) => {
  const world = manualClock()
  const disk = new SimulatedDisk({ random: () => draw, failing: 0 })
  const process = new ProcessClock(world)
  const file = await after(world, disk.seenBy(process).open("f"))
  const content = async () => {
    const again = await after(world, disk.seenBy(new ProcessClock(world)).open("f"))
    return (await after(world, again.read({ offset: 0, length: 100 }))).toString()
  }
  return { world, disk, process, file, content }
}

describe("a simulated disk", () => {
  it("keeps what a killed process has written, and a part of what it was writing", async () => {
    const { world, process, file, content } = await start(0.5)
    await after(world, file.append(Buffer.from("whole ")))
    void file.append(Buffer.from("torn"))
    process.kill()
    expect(await content()).toBe("whole to")
  })

  it("loses in a power failure what was not synced", async () => {
    const { world, disk, file, content } = await start(0)
    await after(world, file.append(Buffer.from("synced")))
    await after(world, file.syncData())
    await after(world, file.append(Buffer.from(" and not")))
    disk.cutPower()
    expect(await content()).toBe("synced")
  })

  it("fails without a whole write where it is told to", async () => {
    const world = manualClock()
    const disk = new SimulatedDisk({ random: () => 0.5, failing: 1 })
    const file = await after(world, disk.seenBy(new ProcessClock(world)).open("f"))
    await expect(after(world, file.append(Buffer.from("half")))).rejects.toThrow("no space left")
    expect(await file.size()).toBe(2)
    disk.isHealed = true
    await after(world, file.truncate(0))
    expect(await file.size()).toBe(0)
  })
})
