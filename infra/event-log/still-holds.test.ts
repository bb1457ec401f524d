import { expect, test } from "vitest"
import { stillHolds } from "./still-holds.ts"
import { createLosingLog } from "./testing/losing-log.ts"

const [one, other] = ["sluice.log.channel.a", "sluice.log.channel.b"]

/** Four messages of one subject, each before one of the other. */
const filled = async () => {
  const log = createLosingLog()
  for (let count = 0; count < 4; count += 1)
    for (const subject of [one, other]) {
      const expectedSequence = (await log.last(subject))?.sequence ?? 0
      await log.append({ subject, id: `${subject}-${count}`, body: "", expectedSequence })
    }
  return log
}

const read = (count: number) => ({ subject: one, sequence: 2 * count + 1, id: `${one}-${count}` })

test("what was purged is held: all that was before it is gone too", async () => {
  const log = await filled()
  await log.purge({ subject: one, beforeSequence: 7 })
  expect(await stillHolds(log, read(2))).toBe(true)
})

test("an end that is lost is not held, although the log keeps its last sequence, and although more was added since", async () => {
  const log = await filled()
  log.lose([5, 7])
  expect(await log.head()).toBe(8)
  expect(await stillHolds(log, read(3))).toBe(false)
  expect(await stillHolds(log, read(1))).toBe(true)
  await log.append({ subject: one, id: "more", body: "", expectedSequence: 3 })
  expect(await stillHolds(log, read(3))).toBe(false)
})

test("nothing is held of a subject that is lost whole", async () => {
  const log = await filled()
  log.lose([1, 3, 5, 7])
  expect(await stillHolds(log, read(3))).toBe(false)
})
