import { expect, it } from "vitest"
import { manualClock } from "../clock/clock.ts"
import type { EventLog } from "../event-log/event-log.ts"
import { createMemoryLog } from "../event-log/testing/memory-log.ts"
import type { Decider, Denial } from "./decider.ts"
import { HostedSubject } from "./hosted-subject.ts"
import { commitsIn, counting, type Starts, subject } from "./testing/counting.ts"

const dayMs = 86_400_000

const open = async (
  log: EventLog = createMemoryLog(),
  decider: Decider<Starts, ReadonlyArray<string>, Denial> = counting,
) => {
  const clock = manualClock()
  const hosted = await HostedSubject.open(subject, decider, { log, clock, node: "n", events: {} })
  return { hosted, log, clock }
}

const checkpointsIn = async (log: EventLog) =>
  (await commitsIn(log)).filter(({ facts }) => facts[0]?.type === "ingress.checkpointed")

const unnamed = (count: number) => Array.from({ length: count }, () => "")

it("L5: the state is stored in the log after 50 000 facts", async () => {
  const { hosted, log } = await open()
  for (let round = 0; round < 110; round += 1) hosted.execute(unnamed(500))
  await hosted.settled
  const [checkpoint, ...more] = await checkpointsIn(log)
  expect(checkpoint).toMatchObject({ version: 101, facts: [{ context: { count: 50_000 } }] })
  expect(more).toEqual([])
})

it("L5: a large state is stored less often, so that the log is not made of checkpoints", async () => {
  const { hosted, log } = await open()
  hosted.execute(Array.from({ length: 40 }, (_, nth) => `name-${nth}`))
  for (let round = 0; round < 250; round += 1) {
    hosted.execute(unnamed(500))
    await hosted.settled
  }
  const counts = (await checkpointsIn(log)).flatMap(({ facts: [first] }) =>
    first?.type === "ingress.checkpointed" && first.part === 0 ? [first.context["count"]] : [],
  )
  // 40 names of 60 kB each are worth 60 000 facts.
  expect(counts).toEqual([50_040, 110_540])
})

it("L5: the state is stored in the log a day after the last time, if anything has happened since", async () => {
  const { hosted, log, clock } = await open()
  hosted.checkpoint(dayMs)
  hosted.execute(unnamed(1))
  hosted.checkpoint(dayMs)
  await hosted.settled
  clock.advance(dayMs)
  hosted.checkpoint(dayMs)
  hosted.execute(unnamed(1))
  clock.advance(dayMs - 1)
  hosted.checkpoint(dayMs)
  await hosted.settled
  expect((await commitsIn(log)).map(({ facts }) => facts[0]?.type)).toEqual([
    "node.started",
    "ingress.checkpointed",
    "node.started",
  ])
  clock.advance(1)
  hosted.checkpoint(dayMs)
  await hosted.settled
  expect(await checkpointsIn(log)).toHaveLength(2)
})

it("L6: a large checkpoint takes several commits with nothing between them, and keeps no request out", async () => {
  const { hosted, log } = await open()
  const names = Array.from({ length: 40 }, (_, nth) => `name-${nth}`)
  hosted.execute(names)
  await hosted.settled
  hosted.checkpoint(0)
  hosted.execute(["late"])
  expect(hosted.isAccepting).toBe(true)
  await hosted.settled
  const commits = await commitsIn(log)
  const types = commits.map(({ facts }) => facts[0]?.type)
  expect(types).toEqual(["node.started", ...Array(14).fill("ingress.checkpointed"), "node.started"])
  expect(Math.max(...commits.map((commit) => JSON.stringify(commit).length))).toBeLessThan(256 * 1024)
  const { hosted: again } = await open(log)
  expect(again.state).toEqual({ count: 41, names: [...names, "late"] })
})

/** Code that cannot read the snapshots of the other one. */
const otherCode = { ...counting, machineHash: "other" }

it("L11: code that cannot read a snapshot folds from the checkpoint that it names", async () => {
  const { hosted, log } = await open()
  hosted.execute(["a"])
  await hosted.settled
  hosted.checkpoint(0)
  hosted.execute(["b"])
  await hosted.close()
  expect(await log.snapshot(subject)).toMatchObject({
    version: 3,
    checkpoint: { version: 2, sequence: 2, factsSince: 1 },
  })
  const read: Array<number> = []
  const watched: EventLog = {
    ...log,
    read: async function* (range) {
      for await (const message of log.read(range)) {
        read.push(message.sequence)
        yield message
      }
    },
  }
  const { hosted: again } = await open(watched, otherCode)
  expect(again.state).toEqual({ count: 2, names: ["a", "b"] })
  expect(read).toEqual([2, 3])
})

it("L11: where a snapshot names a checkpoint that is none, all that is there is folded", async () => {
  const { hosted, log } = await open()
  hosted.execute(["a"])
  await hosted.settled
  const checkpoint = { version: 1, sequence: 1, at: 0, factsSince: 0 }
  await log.saveSnapshot(subject, { version: 1, sequence: 1, machineHash: "x", state: null, checkpoint })
  hosted.execute(["b"])
  await hosted.settled
  const { hosted: again } = await open(log, otherCode)
  expect(again.state).toEqual({ count: 2, names: ["a", "b"] })
})

it("L5: a subject whose beginning was purged goes on, with a snapshot from before, of other code, or none", async () => {
  const { hosted, log } = await open()
  hosted.execute(["a"])
  await hosted.close()
  const before = await log.snapshot(subject)
  const { hosted: second } = await open(log)
  second.execute(["b"])
  await second.settled
  second.checkpoint(0)
  second.execute(["c"])
  await second.settled
  expect(await log.purge({ subject, beforeSequence: 3 })).toBe(2)
  expect(before).toMatchObject({ version: 1 })
  for (const decider of [counting, otherCode]) {
    const { hosted: third } = await open({ ...log, snapshot: async () => before }, decider)
    expect(third.state).toEqual({ count: 3, names: ["a", "b", "c"] })
    expect(third.version).toBe(4)
  }
  const { hosted: last } = await open({ ...log, snapshot: async () => undefined })
  last.execute(["d"])
  await last.settled
  expect((await commitsIn(log)).map(({ version }) => version)).toEqual([3, 4, 5])
})
