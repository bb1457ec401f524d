import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { decodeCommit, type Fact } from "@sluice/events/commit.ts"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { manualClock } from "../clock/clock.ts"
import { type EventLog, LogUnavailable } from "../event-log/event-log.ts"
import { openSpoolingLog } from "../event-log/spool/spooling-log.ts"
import { createFailingLog, type FailingLog } from "../event-log/testing/failing-log.ts"
import { createMemoryLog } from "../event-log/testing/memory-log.ts"
import { quietListener } from "../event-log/testing/quiet-listener.ts"
import { HostedSubject } from "./hosted-subject.ts"
import { counting, subject } from "./testing/counting.ts"

const started = (at: number, incarnation: string): Fact => ({
  actor: "ingress/n",
  type: "node.started",
  at,
  incarnation,
  clean: true,
})

const temporary = async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-outage-"))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Lets time pass until something is over. */
const rest = async (clock: ReturnType<typeof manualClock>, isOver: () => boolean) => {
  const deadline = performance.now() + 10_000
  while (!isOver()) {
    if (performance.now() > deadline) throw new Error("nothing has come of it")
    clock.advance(50)
    await setImmediate()
  }
}

const ended = async <A>(clock: ReturnType<typeof manualClock>, promise: Promise<A>): Promise<A> => {
  let isOver = false
  const over = () => void (isOver = true)
  promise.then(over, over)
  await rest(clock, () => isOver)
  return promise
}

const open = async (log: FailingLog, directory: string, limitBytes = 1_000_000) => {
  const clock = manualClock()
  const policy = () => ({ isOn: true, limitBytes })
  const spooling = await ended(
    clock,
    openSpoolingLog({ log, directory, policy, listener: quietListener, clock }),
  )
  const troubles: Array<string> = []
  let reloads = 0
  const hosted = await ended(
    clock,
    HostedSubject.open(subject, counting, {
      log: spooling,
      clock,
      node: "n",
      events: {
        onTrouble: (message) => void troubles.push(message),
        onWaiting: (_, { isWaiting }) => void troubles.push(isWaiting ? "it waits" : "it waits no more"),
        onReloaded: () => void (reloads += 1),
      },
    }),
  )
  const commit = async (name: string): Promise<void> => {
    const executed = hosted.execute([name])
    if (executed.kind === "facts") await ended(clock, executed.committed)
  }
  return {
    spooling,
    hosted,
    clock,
    troubles,
    commit,
    reloads: () => reloads,
    drained: () => rest(clock, () => !spooling.spool().isHolding),
    close: () =>
      ended(
        clock,
        hosted.close().then(() => spooling.close()),
      ),
  }
}

const namesIn = async (log: FailingLog) => {
  const commits = (await log.stored()).map(({ body }) => decodeCommit(body))
  expect(commits.map(({ version }) => version)).toEqual(commits.map((_, index) => index + 1))
  return commits.flatMap(({ facts }) =>
    facts.flatMap((fact) => (fact.type === "node.started" ? [fact.incarnation] : [])),
  )
}

const intrude = (log: EventLog, version: number, expectedSequence: number) => {
  const facts = [started(1, "other")]
  const commit = { commit: "other", version, at: 1, node: "n2", epoch: 9, schema: 1, facts }
  return log.append({ subject, id: "other", body: JSON.stringify(commit), expectedSequence })
}

describe("L9: a subject whose log does not answer", () => {
  it("goes on, and its commits have the versions and the places in which they were decided", async () => {
    await using directory = await temporary()
    const log = createFailingLog()
    const run = await open(log, directory.path)
    await run.commit("a")
    log.state = "gone"
    await run.commit("b")
    await run.commit("c")
    expect([run.hosted.isAccepting, run.troubles]).toEqual([true, []])
    log.state = "well"
    await run.drained()
    await run.commit("d")
    expect(await namesIn(log)).toEqual(["a", "b", "c", "d"])
    await run.close()
    expect(await log.snapshot(subject)).toMatchObject({ version: 4, sequence: 4 })
  })

  it("is folded at the next start with what the spool held", async () => {
    await using directory = await temporary()
    const log = createFailingLog()
    const first = await open(log, directory.path)
    log.state = "gone"
    await first.commit("a")
    await first.commit("b")
    await first.close()
    log.state = "well"
    const second = await open(log, directory.path)
    expect([second.hosted.version, second.hosted.state.names]).toEqual([2, ["a", "b"]])
    await second.close()
  })

  it("is folded whole from a checkpoint that went through the spool, also by code that cannot read its snapshot (L5, L11)", async () => {
    await using directory = await temporary()
    const log = createFailingLog()
    const first = await open(log, directory.path)
    await first.commit("a")
    log.state = "gone"
    await first.commit("b")
    first.hosted.checkpoint(0)
    await ended(first.clock, first.hosted.settled)
    log.state = "well"
    await first.drained()
    await first.commit("c")
    await first.close()
    const snapshot = await log.snapshot(subject)
    expect(snapshot?.checkpoint?.sequence ?? 0).toBeLessThanOrEqual(await log.head())
    await log.saveSnapshot(subject, { ...snapshot!, machineHash: "another" })
    const second = await open(log, directory.path)
    expect([second.hosted.version, second.hosted.state.names]).toEqual([4, ["a", "b", "c"]])
    await second.close()
  })

  it("waits with what it decided where the spool takes nothing, and stores it when it can", async () => {
    await using directory = await temporary()
    const log = createFailingLog()
    const run = await open(log, directory.path, 10)
    log.state = "gone"
    const executed = run.hosted.execute(["a"])
    await rest(run.clock, () => !run.hosted.isAccepting)
    expect(run.troubles).toEqual(["it waits"])
    log.state = "well"
    if (executed.kind === "facts") await ended(run.clock, executed.committed)
    expect(await namesIn(log)).toEqual(["a"])
    await run.close()
  })

  const step = fc.constantFrom("commit", "commit", "commit", "gone", "mute", "well", "drain", "restart")

  it("stores each thing that it said to be stored once and in order, whatever happens when", async () => {
    const tellsTruth = async (steps: ReadonlyArray<string>): Promise<void> => {
      await using directory = await temporary()
      const log = createFailingLog()
      let run = await open(log, directory.path)
      const told: Array<string> = []
      for (const [index, what] of [...steps, "well", "commit", "drain"].entries()) {
        if (what === "commit") {
          await run.commit(`n${index}`)
          told.push(`n${index}`)
        } else if (what === "drain") {
          if (log.state === "well") await run.drained()
        } else if (what === "restart") {
          await run.close()
          log.state = "well"
          run = await open(log, directory.path)
        } else if (what === "gone" || what === "mute" || what === "well") log.state = what
      }
      expect(run.hosted.state.names).toEqual(told)
      await run.close()
      expect(await namesIn(log)).toEqual(told)
    }
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), tellsTruth), { numRuns: 60 })
  })
})

describe("L8: a commit that the log refuses when it is back", () => {
  it("because of another owner: the state is folded anew, though the log is gone again meanwhile", async () => {
    await using directory = await temporary()
    const log = createFailingLog()
    const run = await open(log, directory.path)
    await run.commit("a")
    log.state = "gone"
    await run.commit("b")
    log.state = "well"
    await intrude(log, 2, 1)
    await run.drained()
    const executed = run.hosted.execute(["c"])
    const refused = executed.kind === "facts" ? executed.committed : Promise.resolve()
    await expect(ended(run.clock, refused)).rejects.toMatchObject({ reason: "another_owner" })
    log.state = "gone"
    await setImmediate()
    log.state = "well"
    await rest(run.clock, () => run.reloads() === 1)
    expect(run.hosted.state.names).toEqual(["a", "other"])
    await run.commit("d")
    expect(await namesIn(log)).toEqual(["a", "other", "d"])
    await run.close()
  })

  it("because its tail is lost: the subject stops and says so, and does not go on from what is left", async () => {
    await using directory = await temporary()
    const memory = createMemoryLog()
    let current = memory
    const log = createFailingLog({ ...memory, append: (commit) => current.append(commit) })
    const run = await open(log, directory.path)
    await run.commit("a")
    await run.commit("b")
    // As after a power failure, or with a volume that was restored: the log ends earlier than it said.
    current = createMemoryLog()
    const executed = run.hosted.execute(["c"])
    const refused = executed.kind === "facts" ? executed.committed : Promise.resolve()
    await expect(ended(run.clock, refused)).rejects.toMatchObject({ reason: "tail_lost" })
    expect([run.hosted.isLive, run.reloads(), run.troubles]).toEqual([false, 1, ["the log refused a commit"]])
    expect(() => run.hosted.execute(["d"])).toThrow("closed")
    await run.close()
    expect(await current.head()).toBe(0)
  })
})

it("L6: a state is folded anew when the log answers, however long that takes", async () => {
  const log = createFailingLog()
  const clock = manualClock()
  let reloads = 0
  const hosted = await HostedSubject.open(subject, counting, {
    log,
    clock,
    node: "n",
    events: { onReloaded: () => void (reloads += 1) },
  })
  await intrude(log, 1, 0)
  let asked = 0
  const last = log.last
  log.last = async (of) => {
    asked += 1
    if (asked < 4) throw new LogUnavailable({ reason: "no answer" })
    return last(of)
  }
  hosted.execute(["a"])
  await rest(clock, () => reloads === 1)
  expect([asked, hosted.state.names]).toEqual([4, ["other"]])
})
