import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { manualClock } from "../clock/clock.ts"
import { type EventLog, WrongSequence } from "../event-log/event-log.ts"
import { openSpoolingLog } from "../event-log/spool/spooling-log.ts"
import { createFailingLog } from "../event-log/testing/failing-log.ts"
import { createMemoryLog } from "../event-log/testing/memory-log.ts"
import { quietListener } from "../event-log/testing/quiet-listener.ts"
import { HostedSubject } from "./hosted-subject.ts"
import { commitsIn, counting, stored, subject } from "./testing/counting.ts"

const clock = manualClock()

const open = (log: EventLog) => HostedSubject.open(subject, counting, { log, clock, node: "n", events: {} })

const append = (log: EventLog, version: number, expectedSequence: number) =>
  log.append({ subject, id: `commit-${version}`, body: stored(version, ["late"]).body, expectedSequence })

const oneCommit = async (): Promise<EventLog> => {
  const log = createMemoryLog()
  await append(log, 1, 0)
  return log
}

describe("L5, L12: a fence", () => {
  it("is a commit without facts where nothing was decided: what an earlier host has sent is refused after it", async () => {
    const log = await oneCommit()
    const hosted = await open(log)
    expect(await hosted.fence()).toBe(true)
    await expect(append(log, 2, 1)).rejects.toBeInstanceOf(WrongSequence)
    const [, fence] = await commitsIn(log)
    expect(fence).toMatchObject({ version: 2, epoch: 4, at: clock.now(), facts: [] })
    const again = await open(log)
    expect([again.version, again.state]).toEqual([2, { count: 1, names: ["late"] }])
  })

  it("is what was decided, where something was", async () => {
    const log = await oneCommit()
    const hosted = await open(log)
    hosted.execute(["mine"])
    expect(await hosted.fence()).toBe(true)
    expect((await commitsIn(log)).map(({ facts }) => facts.length)).toEqual([1, 1])
    await expect(append(log, 2, 1)).rejects.toBeInstanceOf(WrongSequence)
  })

  it("does not hold where a commit of another came first: what was decided is void, and the state holds that commit", async () => {
    const log = await oneCommit()
    const hosted = await open(log)
    await append(log, 2, 1)
    hosted.execute(["mine"])
    expect(await hosted.fence()).toBe(false)
    expect(hosted.state.names).toEqual(["late", "late"])
    expect(await hosted.fence()).toBe(true)
    expect((await commitsIn(log)).map(({ facts }) => facts.length)).toEqual([1, 1, 0])
  })

  it("does not hold for what the spool has and the log has not (L9)", async () => {
    await using directory = await temporary()
    const log = createFailingLog(await oneCommit())
    const spooling = await openSpoolingLog({
      log,
      directory: directory.path,
      policy: () => ({ isOn: true, limitBytes: 1_000_000 }),
      listener: quietListener,
    })
    const hosted = await open(spooling)
    log.state = "gone"
    const isFenced = hosted.fence()
    await expect.poll(() => spooling.spool().bytes).toBeGreaterThan(0)
    log.state = "well"
    await append(log, 2, 1)
    expect(await isFenced).toBe(false)
    expect(hosted.state.names).toEqual(["late", "late"])
    expect(await hosted.fence()).toBe(true)
    expect((await log.last(subject))?.body).toContain('"version":3')
    await spooling.close()
  })

  it("fails where the log has lost it again when it is looked for (L8)", async () => {
    const log = await oneCommit()
    const hosted = await open(log)
    const tail = await log.last(subject)
    log.last = async () => tail
    await expect(hosted.fence()).rejects.toMatchObject({ reason: "tail_lost" })
    expect(hosted.isLive).toBe(false)
  })

  it("fails where the log has lost the end of the subject (L8)", async () => {
    const log = await oneCommit()
    const hosted = await open(log)
    const lost = new WrongSequence({ subject, expected: 1, actual: 0 })
    log.append = () => Promise.reject(lost)
    await expect(hosted.fence()).rejects.toMatchObject({ reason: "tail_lost" })
    expect(hosted.isLive).toBe(false)
  })
})

const temporary = async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-fence-"))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
