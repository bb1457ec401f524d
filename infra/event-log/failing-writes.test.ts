import { expect, test } from "vitest"
import { watchAnswers } from "./answering-log.ts"
import { LogUnavailable, WrongSequence } from "./event-log.ts"
import { WriteWatch } from "./failing-writes.ts"
import { createFailingLog } from "./testing/failing-log.ts"

test("writes fail from the first one on that a connected log does not take to the next that it takes; a fence says nothing", async () => {
  const log = createFailingLog()
  let now = 0
  const writes = new WriteWatch(() => now)
  const watched = watchAnswers({ ...log, isConnected: () => true }, writes)
  const append = (id: string, expectedSequence: number) =>
    watched.append({ subject: "sluice.log.channel.a", id, body: "", expectedSequence })
  await append("a1", 0)
  expect(writes.failing).toBeUndefined()
  log.state = "mute"
  for (now = 1_000; now <= 3_000; now += 1_000)
    await expect(append("a2", 1)).rejects.toBeInstanceOf(LogUnavailable)
  log.state = "well"
  await expect(append("late", 0)).rejects.toBeInstanceOf(WrongSequence)
  expect(writes.failing).toMatchObject({
    forMs: 3_000,
    tries: 3,
    reason: expect.stringContaining("no answer"),
  })
  await append("a3", 2)
  expect(writes.failing).toBeUndefined()
})

test("a log without a connection refuses nothing", async () => {
  const log = createFailingLog()
  const writes = new WriteWatch()
  log.state = "gone"
  const commit = { subject: "sluice.log.channel.a", id: "a1", body: "", expectedSequence: 0 }
  await expect(watchAnswers(log, writes).append(commit)).rejects.toBeInstanceOf(LogUnavailable)
  expect(writes.failing).toBeUndefined()
})
