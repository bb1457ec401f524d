import { mkdtemp, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { manualClock } from "../../clock/clock.ts"
import { LogUnavailable, WrongSequence } from "../event-log.ts"
import { createFailingLog, type FailingLog } from "../testing/failing-log.ts"
import { type Disk, machineDisk } from "./disk.ts"
import { decodeRecords } from "./record.ts"
import type { SpoolListener } from "./spool.ts"
import { openSpoolingLog, type SpoolingLog } from "./spooling-log.ts"

const a = "sluice.log.channel.a"
const b = "sluice.log.channel.b"

/** Lets the file system and the promises come to rest, while the clock goes on. */
const rest = async (clock: ReturnType<typeof manualClock>, isOver: () => boolean): Promise<void> => {
  const deadline = performance.now() + 5_000
  while (!isOver()) {
    if (performance.now() > deadline) throw new Error("nothing has come of it")
    clock.advance(100)
    await setImmediate()
  }
}

const start = async (
  given: { log?: FailingLog; directory?: string; limitBytes?: number; isOn?: boolean; disk?: Disk } = {},
) => {
  const directory = given.directory ?? (await mkdtemp(join(tmpdir(), "sluice-spool-")))
  const log = given.log ?? createFailingLog()
  const clock = manualClock()
  const told: Array<string> = []
  const policy = { isOn: given.isOn ?? true, limitBytes: given.limitBytes ?? 1_000_000 }
  const listener: SpoolListener = {
    onBegun: ({ reason }) => void told.push(`begun: ${reason}`),
    onHolding: () => undefined,
    onDrained: ({ commits, facts }) => void told.push(`drained: ${commits} commits, ${facts} facts`),
    onRefused: ({ subject, commit }) => void told.push(`refused: ${commit} of ${subject}`),
    onCut: ({ bytes }) => void told.push(`cut: ${bytes}`),
    onFull: () => void told.push("full"),
    onRoom: () => void told.push("room"),
  }
  const disk = given.disk ?? machineDisk
  const opening = openSpoolingLog({ log, directory, policy: () => policy, listener, clock, disk })
  let opened: SpoolingLog | undefined
  let failed: unknown
  opening.then(
    (spooling) => (opened = spooling),
    (error: unknown) => (failed = error),
  )
  await rest(clock, () => opened !== undefined || failed !== undefined)
  const spooling = await opening
  const close = async () => {
    let isClosed = false
    const closing = spooling.close().then(() => (isClosed = true))
    await rest(clock, () => isClosed)
    await closing
  }
  return {
    spooling,
    log,
    clock,
    told,
    policy,
    directory,
    drained: () => rest(clock, () => !spooling.spool().isHolding),
    close,
    [Symbol.asyncDispose]: async () => {
      await close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Appends commits to a subject as its host does, each behind the one before. */
const host = (log: SpoolingLog, subject: string, sequence = 0, bytes = 0) => {
  let tail = sequence
  return async (...ids: ReadonlyArray<string>) => {
    for (const id of ids) {
      const body = JSON.stringify({ commit: id, facts: [1, 2], filling: "x".repeat(bytes) })
      tail = await log.append({ subject, id, body, expectedSequence: tail })
    }
    return tail
  }
}

const idsIn = async (log: FailingLog, subject: string) =>
  (await log.stored()).filter((stored) => stored.subject === subject).map(({ id }) => id)

describe("L9: while the log does not answer", () => {
  it("commits go to the spool, and in order to the log when it is back", async () => {
    await using run = await start()
    const toA = host(run.spooling, a)
    const toB = host(run.spooling, b)
    await toA("a1")
    run.log.state = "gone"
    await Promise.all([toA("a2", "a3"), toB("b1", "b2")])
    expect(run.spooling.spool()).toMatchObject({ isHolding: true, hasRoom: true })
    expect(await idsIn(run.log, a)).toEqual(["a1"])
    run.log.state = "well"
    await run.drained()
    expect(await idsIn(run.log, a)).toEqual(["a1", "a2", "a3"])
    expect(await idsIn(run.log, b)).toEqual(["b1", "b2"])
    expect(run.told).toEqual(["begun: no answer", "drained: 4 commits, 8 facts"])
    expect(run.spooling.spool()).toEqual({ isHolding: false, commits: 0, bytes: 0, hasRoom: true })
  })

  it("a commit is taken only when it is on the disk", async () => {
    await using run = await start()
    run.log.state = "gone"
    await host(run.spooling, a)("a1", "a2")
    const { records } = decodeRecords(await readFile(join(run.directory, "commits")))
    expect(records.map(({ id, expectedSequence }) => [id, expectedSequence])).toEqual([
      ["a1", 0],
      ["a2", null],
    ])
  })

  it("new commits go behind those that it holds, and past it only when it is empty", async () => {
    await using run = await start()
    const toA = host(run.spooling, a)
    run.log.state = "gone"
    await toA("a1")
    run.log.state = "well"
    await toA("a2")
    await run.drained()
    expect(await toA("a3")).toBe(3)
    expect(await idsIn(run.log, a)).toEqual(["a1", "a2", "a3"])
    expect((await stat(join(run.directory, "commits"))).size).toBe(0)
  })

  it("a commit that was stored without an answer is not stored again (L8)", async () => {
    await using run = await start()
    const toA = host(run.spooling, a)
    run.log.state = "mute"
    await toA("a1", "a2", "a3")
    run.log.state = "well"
    await run.drained()
    expect(await idsIn(run.log, a)).toEqual(["a1", "a2", "a3"])
    expect(run.told.at(-1)).toBe("drained: 3 commits, 6 facts")
  })

  it("a second commit for the same place is refused, and the same one answered as before", async () => {
    await using run = await start()
    run.log.state = "gone"
    const commit = { subject: a, id: "a1", body: "", expectedSequence: 0 }
    const [first, again] = await Promise.all([run.spooling.append(commit), run.spooling.append(commit)])
    expect(again).toBe(first)
    const other = run.spooling.append({ ...commit, id: "other" })
    await expect(other).rejects.toEqual(new WrongSequence({ subject: a, expected: 0, actual: first }))
  })

  describe("in the last stretch of a drain", () => {
    /** Spools more than is drained in one part, lets the last commit of it wait for the log, and appends another one. */
    const startStretch = async () => {
      const run = await start({ limitBytes: 10_000_000 })
      const toA = host(run.spooling, a, 0, 130_000)
      run.log.state = "gone"
      await toA(...Array.from({ length: 10 }, (_, n) => `a${n}`))
      const { append } = run.log
      const last = Promise.withResolvers<void>()
      let isLast = false
      run.log.append = async (commit) => {
        if (commit.id === "a9") {
          isLast = true
          await last.promise
        }
        return append(commit)
      }
      run.log.state = "well"
      await rest(run.clock, () => isLast)
      let isTaken = false
      const taken = host(run.spooling, b)("b1").then(() => (isTaken = true))
      return { run, last, taken, isTaken: () => isTaken }
    }

    it("a new commit waits for its end and goes past the spool, so that it comes to an end under any load", async () => {
      const { run, last, taken, isTaken } = await startStretch()
      expect(isTaken()).toBe(false)
      last.resolve()
      await run.drained()
      await taken
      expect(run.told.at(-1)).toBe("drained: 10 commits, 20 facts")
      expect(await idsIn(run.log, b)).toEqual(["b1"])
      await run[Symbol.asyncDispose]()
    })

    it("a new commit goes to the spool after all where the log is gone again", async () => {
      const { run, last, isTaken } = await startStretch()
      run.log.state = "gone"
      last.resolve()
      await rest(run.clock, isTaken)
      run.log.state = "well"
      await run.drained()
      expect(run.told.at(-1)).toBe("drained: 11 commits, 22 facts")
      expect(await idsIn(run.log, b)).toEqual(["b1"])
      await run[Symbol.asyncDispose]()
    })
  })

  it("what is asked of it waits until the spool is drained, so that nobody folds half a subject", async () => {
    await using run = await start()
    run.log.state = "gone"
    await host(run.spooling, a)("a1")
    const last = run.spooling.last(a)
    run.log.state = "well"
    await run.drained()
    expect(await last).toMatchObject({ id: "a1", sequence: 1 })
  })

  it("a snapshot is dropped, and afterwards stored with the real sequence (L11)", async () => {
    await using run = await start()
    run.log.state = "gone"
    const sequence = await host(run.spooling, a)("a1", "a2")
    const snapshot = { version: 2, sequence, machineHash: "m", state: null }
    await run.spooling.saveSnapshot(a, snapshot)
    run.log.state = "well"
    await run.drained()
    expect(await run.spooling.snapshot(a)).toBeUndefined()
    await run.spooling.saveSnapshot(a, snapshot)
    expect(await run.spooling.snapshot(a)).toMatchObject({ version: 2, sequence: 2 })
  })

  it("nothing is spooled where that is off", async () => {
    await using run = await start({ isOn: false })
    run.log.state = "gone"
    await expect(host(run.spooling, a)("a1")).rejects.toBeInstanceOf(LogUnavailable)
    expect(run.spooling.spool().bytes).toBe(0)
  })
})

describe("L9: the bounds of the spool", () => {
  it("from half of it on there is no room for new work, and beyond all of it nothing is taken", async () => {
    await using run = await start({ limitBytes: 900 })
    const toA = host(run.spooling, a)
    run.log.state = "gone"
    await toA("a1")
    expect(run.spooling.spool().hasRoom).toBe(true)
    await toA("a2", "a3", "a4", "a5")
    expect(run.spooling.spool().bytes).toBeGreaterThan(400)
    expect(run.spooling.spool().hasRoom).toBe(false)
    await toA("a6", "a7")
    await expect(toA("a8")).rejects.toThrow("the spool takes no more")
    await expect(toA("a8")).rejects.toBeInstanceOf(LogUnavailable)
    expect(run.spooling.spool().bytes).toBeLessThanOrEqual(900)
    run.log.state = "well"
    await run.drained()
    await toA("a8")
    expect(await idsIn(run.log, a)).toEqual(["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"])
    expect(run.told).toEqual(["begun: no answer", "full", "drained: 7 commits, 14 facts", "room"])
  })
})

describe("L9: at the start", () => {
  it("what an earlier process left is drained before anything is read", async () => {
    const first = await start()
    first.log.state = "gone"
    await host(first.spooling, a)("a1", "a2")
    await first.close()
    first.log.state = "well"
    await using second = await start({ log: first.log, directory: first.directory })
    expect(second.told).toEqual(["drained: 2 commits, 4 facts"])
    expect(await second.spooling.last(a)).toMatchObject({ id: "a2", sequence: 2 })
  })

  it("a drain that the end of a process broke off goes on where it was", async () => {
    const first = await start()
    first.log.state = "gone"
    await host(first.spooling, a)("a1", "a2", "a3")
    await first.close()
    first.log.state = "well"
    await first.log.append({ subject: a, id: "a1", body: "", expectedSequence: 0 })
    await first.log.append({ subject: a, id: "a2", body: "", expectedSequence: 1 })
    await using second = await start({ log: first.log, directory: first.directory })
    expect(await idsIn(second.log, a)).toEqual(["a1", "a2", "a3"])
    expect(second.told).toEqual(["drained: 3 commits, 6 facts"])
  })

  it("without an answer of the log it does not open, and keeps what it holds", async () => {
    const first = await start()
    first.log.state = "gone"
    await host(first.spooling, a)("a1")
    await first.close()
    const second = start({ log: first.log, directory: first.directory })
    await expect(second).rejects.toBeInstanceOf(LogUnavailable)
    first.log.state = "well"
    await using third = await start({ log: first.log, directory: first.directory })
    expect(await idsIn(third.log, a)).toEqual(["a1"])
  })
})

describe("L8: a spooled commit that the log refuses", () => {
  const spoolBehind = async (run: Awaited<ReturnType<typeof start>>) => {
    const toA = host(run.spooling, a)
    await toA("a1")
    run.log.state = "gone"
    await toA("a2", "a3")
    return toA
  }
  const refusedIn = async (directory: string) =>
    decodeRecords(await readFile(join(directory, "refused"))).records.map(({ id }) => id)

  it("because of another owner is void with all behind it, kept in a file, and told to the next commit", async () => {
    await using run = await start()
    const toA = await spoolBehind(run)
    run.log.state = "well"
    await run.log.append({ subject: a, id: "other", body: "", expectedSequence: 1 })
    await run.drained()
    expect(await idsIn(run.log, a)).toEqual(["a1", "other"])
    expect(run.told.slice(1, 3)).toEqual([`refused: a2 of ${a}`, `refused: a3 of ${a}`])
    expect(await refusedIn(run.directory)).toEqual(["a2", "a3"])
    await expect(toA("a4")).rejects.toEqual(new WrongSequence({ subject: a, expected: 1, actual: 2 }))
    expect(await host(run.spooling, a, 2)("mine")).toBe(3)
  })

  it("is kept as soon as the disk takes it, and what stands behind it is drained then", async () => {
    const failures = ["cannot be opened", "cannot be opened", "cannot be written"]
    const failing = (because: string): void => {
      if (failures[0] === because) throw new Error(failures.shift())
    }
    const disk: Disk = {
      open: async (path) => {
        if (!path.endsWith("refused")) return machineDisk.open(path)
        failing("cannot be opened")
        const file = await machineDisk.open(path)
        const append = (bytes: Buffer): Promise<void> => {
          failing("cannot be written")
          return file.append(bytes)
        }
        return { ...file, append }
      },
    }
    await using run = await start({ disk })
    await spoolBehind(run)
    await host(run.spooling, b)("b1")
    run.log.state = "well"
    await run.log.append({ subject: a, id: "other", body: "", expectedSequence: 1 })
    await run.drained()
    expect(failures).toEqual([])
    expect(await refusedIn(run.directory)).toEqual(["a2", "a3"])
    expect(await idsIn(run.log, b)).toEqual(["b1"])
  })

  it("because the log has lost its tail stops the subject, also for those that would read it", async () => {
    const first = await start()
    await spoolBehind(first)
    await first.close()
    const restored = createFailingLog()
    await restored.append({ subject: b, id: "b1", body: "", expectedSequence: 0 })
    await using second = await start({ log: restored, directory: first.directory })
    expect(second.told).toContain(`refused: a2 of ${a}`)
    const lost = new WrongSequence({ subject: a, expected: 1, actual: 0 })
    await expect(second.spooling.last(a)).rejects.toEqual(lost)
    await expect(host(second.spooling, a)("a9")).rejects.toEqual(lost)
    expect(await host(second.spooling, b, 1)("b2")).toBe(2)
  })
})
