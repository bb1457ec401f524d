import type { Fact } from "@sluice/events/commit.ts"
import { decodeCommit } from "@sluice/events/commit.ts"
import { describe, expect, it } from "vitest"
import { manualClock } from "../clock/clock.ts"
import { createMemoryLog } from "../event-log/testing/memory-log.ts"
import type { Decider, Denial } from "./decider.ts"
import { HostedSubject } from "./hosted-subject.ts"
import { UnreadableHistory } from "./loading.ts"

/** A process that starts `starts` times and stops by itself a second later. */
interface Runs {
  starts: number
  stopsAt: number | null
}

type Command = { readonly start: number } | { readonly breaks: true } | { readonly waitUntil: number }

const subject = "sluice.log.ingress.n"

const decider: Decider<Runs, Command, Denial> = {
  create: () => ({ starts: 0, stopsAt: null }),
  evolve: (runs, fact) => {
    if (fact.type === "node.started")
      Object.assign(runs, { starts: runs.starts + 1, stopsAt: fact.at + 1_000 })
    else if (fact.type === "node.stopped") runs.stopsAt = null
    else throw new Error(`${fact.type} is out of place`)
  },
  decide: (_, command, now) => {
    if ("breaks" in command) throw new Error("broken")
    if ("waitUntil" in command)
      return now < command.waitUntil
        ? { kind: "later", at: command.waitUntil }
        : { kind: "facts", facts: [started(now)] }
    return { kind: "facts", facts: Array.from({ length: command.start }, () => started(now)) }
  },
  reactions: (runs, now) =>
    runs.stopsAt !== null && runs.stopsAt <= now
      ? [{ actor: "ingress/n", type: "node.stopped", at: now, incarnation: "i" }]
      : [],
  dueAt: (runs) => runs.stopsAt,
  snapshot: (runs) => ({ ...runs }),
  restore: (stored) => stored as Runs,
  checkpoint: () => [],
  fromCheckpoint: () => undefined,
  machineHash: "runs",
}

const started = (at: number): Fact => ({
  actor: "ingress/n",
  type: "node.started",
  at,
  incarnation: "i",
  clean: true,
})

const open = async (log = createMemoryLog(), clock = manualClock()) => {
  const troubles: Array<string> = []
  const events = { onTrouble: (message: string) => void troubles.push(message) }
  const hosted = await HostedSubject.open(subject, decider, { log, clock, node: "n", events })
  return { hosted, log, clock, troubles }
}

const commitsIn = async (log: ReturnType<typeof createMemoryLog>) => {
  const commits = []
  for await (const { body } of log.read({ subject, afterSequence: 0 })) commits.push(decodeCommit(body))
  return commits
}

describe("L3: timers", () => {
  it("let happen what is due, at its time and without a command", async () => {
    const { hosted, clock, log } = await open()
    hosted.execute({ start: 1 })
    clock.advance(999)
    expect(hosted.state.stopsAt).not.toBeNull()
    clock.advance(1)
    expect(hosted.state.stopsAt).toBeNull()
    await hosted.settled
    expect((await commitsIn(log)).flatMap(({ facts }) => facts.map(({ type }) => type))).toEqual([
      "node.started",
      "node.stopped",
    ])
  })

  it("ask a command again that is to be decided later", async () => {
    const { hosted, clock } = await open()
    const submitted = hosted.submit({ waitUntil: clock.now() + 50 })
    expect(hosted.state.starts).toBe(0)
    clock.advance(50)
    await submitted
    expect(hosted.state.starts).toBe(1)
  })
})

const commitOf = async (executed: { readonly kind: string } & Partial<{ committed: Promise<void> }>) =>
  executed.committed

describe("L2: time", () => {
  it("never falls within a subject, whatever the clock does", async () => {
    const { hosted, log } = await open(createMemoryLog(), manualClock(5_000))
    await commitOf(hosted.execute({ start: 1 }))
    const { hosted: earlier } = await open(log, manualClock(1_000))
    await commitOf(earlier.execute({ start: 1 }))
    expect((await commitsIn(log)).map(({ at, wallAt }) => [at, wallAt])).toEqual([
      [5_000, undefined],
      [5_000, 1_000],
    ])
  })

  it("goes on after a start with an earlier clock, so that what is due happens, and meets the clock", async () => {
    const { hosted, log } = await open(createMemoryLog(), manualClock(6_000_000))
    await commitOf(hosted.execute({ start: 1 }))
    const clock = manualClock(0)
    const { hosted: earlier } = await open(log, clock)
    earlier.execute({ start: 0 })
    clock.advance(1_111)
    expect(earlier.state.stopsAt).not.toBeNull()
    clock.advance(1)
    expect(earlier.state.stopsAt).toBeNull()
    await earlier.settled
    clock.advance(60_000_000)
    await commitOf(earlier.execute({ start: 1 }))
    expect((await commitsIn(log)).slice(1).map(({ at, wallAt }) => [at, wallAt])).toEqual([
      [6_001_000, 1_112],
      [60_001_112, undefined],
    ])
  })

  it("asks a command again after the real time that it is to wait", async () => {
    const { hosted, log } = await open(createMemoryLog(), manualClock(6_000_000))
    await commitOf(hosted.execute({ start: 1 }))
    const clock = manualClock(0)
    const { hosted: earlier } = await open(log, clock)
    const submitted = earlier.submit({ waitUntil: 6_000_900 })
    clock.advance(999)
    expect(earlier.state.starts).toBe(1)
    clock.advance(1)
    await submitted
    expect(earlier.state.starts).toBe(2)
  })
})

describe("L6: the size of a commit", () => {
  it("is bounded, and what is decided together stays together", async () => {
    const { hosted, log } = await open()
    for (const start of [1, 300, 300, 300]) hosted.execute({ start })
    await hosted.settled
    expect((await commitsIn(log)).map(({ facts }) => facts.length)).toEqual([301, 300, 300])
  })

  it("takes nothing new while memory runs too far ahead of the log", async () => {
    const { hosted } = await open()
    for (const start of [400, 400, 400]) hosted.execute({ start })
    expect(hosted.isAccepting).toBe(false)
    await hosted.settled
    expect(hosted.isAccepting).toBe(true)
  })
})

describe("L2: a defect", () => {
  it("stops its subject, loudly, and voids what is not stored", async () => {
    const { hosted, troubles } = await open()
    const pending = hosted.execute({ start: 1 })
    expect(() => hosted.execute({ breaks: true })).toThrow("broken")
    expect(troubles).toContain("a defect has stopped this subject")
    await expect(commitOf(pending)).rejects.toMatchObject({ reason: "closed" })
    expect(() => hosted.execute({ start: 1 })).toThrow("closed")
  })
})

describe("L11: rehydration", () => {
  it("folds the commits after the newest snapshot that this code can read", async () => {
    const { hosted, log } = await open()
    await commitOf(hosted.execute({ start: 2 }))
    await commitOf(hosted.execute({ start: 1 }))
    await log.saveSnapshot(subject, {
      version: 1,
      sequence: 1,
      machineHash: "runs",
      state: { starts: 77, stopsAt: null },
    })
    const { hosted: again } = await open(log)
    expect(again.state.starts).toBe(78)
  })

  it("folds everything where the snapshot is another code's", async () => {
    const { hosted, log } = await open()
    await commitOf(hosted.execute({ start: 2 }))
    await log.saveSnapshot(subject, { version: 1, sequence: 1, machineHash: "other", state: null })
    const { hosted: again } = await open(log)
    expect(again.state.starts).toBe(2)
    expect(again.version).toBe(1)
  })

  it("names the commit that it cannot fold", async () => {
    const { hosted, log } = await open()
    await commitOf(hosted.execute({ start: 1 }))
    const odd = { actor: "pool/p", type: "pool.removed", at: 1, by: "file" }
    const commit = { commit: "odd", version: 2, at: 1, node: "n", epoch: 1, schema: 1, facts: [odd] }
    await log.append({ subject, id: "odd", body: JSON.stringify(commit), expectedSequence: 1 })
    const failure = await open(log).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(UnreadableHistory)
    expect(failure).toMatchObject({ commit: "odd", sequence: 2, reason: "pool.removed is out of place" })
  })
})
