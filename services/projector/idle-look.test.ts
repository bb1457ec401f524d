import { manualClock } from "@sluice/infra/clock/clock.ts"
import { LogForked, LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import { createFailingLog } from "@sluice/infra/event-log/testing/failing-log.ts"
import { expect, test } from "vitest"
import { lookWhileIdle } from "./idle-look.ts"

const subject = "sluice.log.channel.a"
const everyMs = 1_000

/** Looks at a log of one message, of which another id may have been read. */
const looking = async (id: string) => {
  const log = createFailingLog()
  await log.append({ subject, id: "one", body: "", expectedSequence: 0 })
  const clock = manualClock()
  const failures: Array<unknown> = []
  const read = { sequence: 1, id }
  const look = { log, clock, everyMs, lastRead: () => ({ ...read }), onFailure: failures.push.bind(failures) }
  const stop = lookWhileIdle(look)
  /** Lets the answers of a look come, too. */
  const pass = async () => {
    clock.advance(everyMs)
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  }
  return { log, read, failures, pass, stop }
}

test("a log that holds what was read of it is looked at in silence", async () => {
  const { failures, pass } = await looking("one")
  for (let look = 0; look < 3; look += 1) await pass()
  expect(failures).toEqual([])
})

test("another message in the place of one that was read is heard of, once", async () => {
  const { failures, pass } = await looking("other")
  for (let look = 0; look < 3; look += 1) await pass()
  expect(failures).toEqual([new LogForked({ sequence: 1 })])
})

test("a log that ends before what was read is heard of", async () => {
  const { read, failures, pass } = await looking("one")
  read.sequence = 2
  await pass()
  await pass()
  expect(failures).toEqual([new LogForked({ sequence: 2 })])
})

test("while more comes nothing is asked", async () => {
  const { read, failures, pass } = await looking("other")
  for (let look = 0; look < 3; look += 1) {
    read.sequence += 1
    await pass()
  }
  expect(failures).toEqual([])
})

test("a log that does not answer is looked at again", async () => {
  const { log, failures, pass } = await looking("other")
  const { at } = log
  log.at = async () => {
    throw new LogUnavailable({ reason: "no answer" })
  }
  await pass()
  expect(failures).toEqual([])
  log.at = at
  await pass()
  expect(failures).toHaveLength(1)
})

test("nothing is looked at any more once it is ended", async () => {
  const { failures, pass, stop } = await looking("other")
  stop()
  await pass()
  expect(failures).toEqual([])
})
