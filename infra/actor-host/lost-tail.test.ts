import { expect, it } from "vitest"
import { manualClock } from "../clock/clock.ts"
import { createLosingLog } from "../event-log/testing/losing-log.ts"
import { HostedSubject } from "./hosted-subject.ts"
import { load } from "./loading.ts"
import { acceptLostTail, LostTail } from "./lost-tail.ts"
import { counting, stored, subject } from "./testing/counting.ts"

/** Five commits of a host that was closed, and so left a snapshot, and one of another subject behind them. */
const closed = async () => {
  const log = createLosingLog()
  const hosted = await HostedSubject.open(subject, counting, {
    log,
    clock: manualClock(),
    node: "n",
    events: {},
  })
  for (const name of ["a", "b", "c", "d", "e"]) {
    hosted.execute([name])
    await hosted.settled
  }
  await hosted.close()
  await log.append({ subject: "sluice.log.channel.c", id: "other", body: "", expectedSequence: 0 })
  return log
}

const projected = async (log: Awaited<ReturnType<typeof closed>>) => {
  const tail = await log.last(subject)
  return { subject, sequence: tail?.sequence ?? 0, id: tail?.id ?? "" }
}

it("L8: a subject does not begin on what is left of it, where a snapshot knows more than the log holds", async () => {
  const log = await closed()
  log.lose([4, 5])
  expect(await log.head()).toBe(6)
  const failed = await load(log, subject, counting).catch((error: unknown) => error)
  expect(failed).toEqual(new LostTail({ subject, by: "snapshot", seen: 5, actual: 3 }))
})

it("L8: nor where its log was gone on with, or where other code made the snapshot", async () => {
  const log = await closed()
  log.lose([4, 5])
  const { body } = stored(4, ["other"])
  await log.append({ subject, id: "commit-4", body, expectedSequence: 3 })
  await expect(load(log, subject, counting)).rejects.toBeInstanceOf(LostTail)
  const other = { ...counting, machineHash: "of other code" }
  await expect(load(log, subject, other)).rejects.toBeInstanceOf(LostTail)
})

it("L8: nor where the tables know more: a process that was killed has left no snapshot", async () => {
  const log = createLosingLog()
  for (let version = 1; version <= 3; version += 1) {
    const { body } = stored(version, ["a"])
    await log.append({ subject, id: `commit-${version}`, body, expectedSequence: version - 1 })
  }
  const seen = await projected(log)
  expect((await load(log, subject, counting, { projected: seen })).state.count).toBe(3)
  log.lose([3])
  const failed = await load(log, subject, counting, { projected: seen }).catch((error: unknown) => error)
  expect(failed).toEqual(new LostTail({ subject, by: "tables", seen: 3, actual: 2 }))
})

it("L8: a subject that may go on all the same is made of what the log holds, and the loss is told", async () => {
  const log = await closed()
  log.lose([4, 5])
  const told: Array<LostTail> = []
  const { state } = await load(log, subject, counting, { onLostTail: (lost) => void told.push(lost) })
  expect(state.names).toEqual(["a", "b", "c"])
  expect(told).toHaveLength(1)
})

it("L11: an end that is whole, or of which the beginning was purged, is no loss", async () => {
  const log = await closed()
  const seen = await projected(log)
  expect((await load(log, subject, counting, { projected: seen })).state.count).toBe(5)
  await log.purge({ subject, beforeSequence: 5 })
  expect((await load(log, subject, counting, { projected: seen })).state.count).toBe(5)
})

it("L8: a loss that an operator accepts is none from then on: the subject goes on from what is left", async () => {
  const log = await closed()
  const seen = { ...(await projected(log)), missedAt: await log.head() }
  log.lose([4, 5])
  await expect(load(log, subject, counting)).rejects.toBeInstanceOf(LostTail)
  await acceptLostTail(log, subject, { node: "n", now: 1 })
  const { state, position } = await load(log, subject, counting, { projected: seen })
  expect([state.names, position.version]).toEqual([["a", "b", "c"], 4])
  const hosted = await HostedSubject.open(subject, counting, {
    log,
    clock: manualClock(),
    node: "n",
    events: {},
  })
  hosted.execute(["more"])
  await hosted.close()
  expect((await load(log, subject, counting, { projected: seen })).state.names).toEqual([
    "a",
    "b",
    "c",
    "more",
  ])
})
