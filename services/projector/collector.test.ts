import { text } from "@sluice/infra/clickhouse/native/column-types.ts"
import { readNative } from "@sluice/infra/clickhouse/native/read-native.ts"
import { manualClock } from "@sluice/infra/clock/clock.ts"
import { expect, test } from "vitest"
import type { Block, ProjectedMessage } from "./block.ts"
import { createCollector } from "./collector.ts"

const message = (sequence: number, facts: number): ProjectedMessage => ({
  subject: "sluice.log.channel.a",
  sequence,
  id: `commit-${sequence}`,
  tables: [],
  facts,
  at: 1_790_000_000_000,
  rejection: null,
  bytes: facts * 100,
})

const small = { facts: 10, bytes: 1_000_000 }
const pace = { quietWaitMs: 250, busyWaitMs: 1_000, busyFacts: 4 }

/** Collects into blocks that are written when the test says so. */
const collecting = (limit = small) => {
  const clock = manualClock()
  const written: Array<ReadonlyArray<number>> = []
  const writes: Array<PromiseWithResolvers<void>> = []
  const failures: Array<unknown> = []
  const blocks: Array<ReadonlyArray<string>> = []
  const collector = createCollector({
    limit,
    pace,
    clock,
    write: (block: Block) => {
      written.push([block.first, block.last])
      blocks.push(block.tables.map(({ table, rows }) => `${table}: ${readNative(rows).rows.join()}`))
      const write = Promise.withResolvers<void>()
      writes.push(write)
      return write.promise
    },
    onFailure: (error) => failures.push(error),
  })
  return { collector, written, rows: () => blocks, writes, failures, clock }
}

test("a block holds up to its limit of facts and never a part of a commit", async () => {
  const { collector, written, writes } = collecting()
  await collector.add(message(1, 6))
  await collector.add(message(2, 4))
  await collector.add(message(3, 5))
  expect(written).toEqual([[1, 2]])
  writes[0]?.resolve()
  const finished = collector.finish()
  await expect
    .poll(() => written)
    .toEqual([
      [1, 2],
      [3, 3],
    ])
  writes[1]?.resolve()
  await finished
})

test("a commit above the limit is a block of its own", async () => {
  const { collector, written } = collecting()
  await collector.add(message(1, 50))
  await collector.add(message(2, 1))
  expect(written).toEqual([[1, 1]])
})

test("a full block waits for the one that is being written, and so does who adds to it", async () => {
  const { collector, written, writes } = collecting()
  await collector.add(message(1, 10))
  await collector.add(message(2, 10))
  let isTaken = false
  const taken = collector.add(message(3, 10))?.then(() => (isTaken = true))
  await Promise.resolve()
  expect({ isTaken, written }).toEqual({ isTaken: false, written: [[1, 1]] })
  writes[0]?.resolve()
  await taken
  expect(written).toEqual([
    [1, 1],
    [2, 2],
  ])
})

test("what came is written after a while though the block is not full", async () => {
  const { collector, written, clock } = collecting()
  await collector.add(message(1, 1))
  await collector.add(message(2, 1))
  clock.advance(pace.quietWaitMs - 1)
  expect(written).toEqual([])
  clock.advance(1)
  expect(written).toEqual([[1, 2]])
})

test("while much comes a block waits longer for more, and no longer than until little comes", async () => {
  const { collector, written, writes, clock } = collecting()
  await collector.add(message(1, 4))
  clock.advance(pace.quietWaitMs)
  await collector.add(message(2, 4))
  clock.advance(pace.quietWaitMs)
  expect(written).toEqual([])
  await collector.add(message(3, 1))
  clock.advance(pace.quietWaitMs)
  expect(written).toEqual([[1, 3]])
  writes[0]?.resolve()
})

test("however much comes, a block waits no longer than a busy one may", async () => {
  const { collector, written, clock } = collecting({ facts: 1_000, bytes: 1_000_000 })
  const looks = pace.busyWaitMs / pace.quietWaitMs
  for (let look = 1; look <= looks; look++) {
    expect(written).toEqual([])
    await collector.add(message(look, 4))
    clock.advance(pace.quietWaitMs)
  }
  expect(written).toEqual([[1, looks]])
})

test("the rows of a block stand while it is written, and the next ones are only their own", async () => {
  const { collector, rows, writes } = collecting()
  const told = (sequence: number, ...texts: ReadonlyArray<string>): ProjectedMessage => {
    const into = { table: `t${sequence % 2}`, columns: { a: text } }
    return { ...message(sequence, 6), tables: [{ into, rows: texts.map((a) => ({ a })) }] }
  }
  await collector.add(told(1, "one", "two"))
  await collector.add(told(2, "three"))
  const third = collector.add(told(3, "four"))
  expect(rows()).toEqual([["t1: one,two"]])
  writes[0]?.resolve()
  await third
  expect(rows().at(-1)).toEqual(["t0: three"])
  writes[1]?.resolve()
  const finished = collector.finish()
  await expect.poll(() => rows().at(-1)).toEqual(["t1: four"])
  writes[2]?.resolve()
  await finished
})

test("after a failed write nothing more is written", async () => {
  const { collector, written, writes, failures, clock } = collecting()
  await collector.add(message(1, 1))
  clock.advance(pace.quietWaitMs)
  expect(written).toEqual([[1, 1]])
  writes[0]?.reject(new Error("disk full"))
  await expect.poll(() => failures).toEqual([new Error("disk full")])
  await collector.add(message(2, 1))
  await expect(collector.finish()).rejects.toThrow("disk full")
  expect(written).toEqual([[1, 1]])
})

test("what is dropped is not written, and dropping waits for the block that is being written", async () => {
  const { collector, written, writes, clock } = collecting()
  await collector.add(message(1, 1))
  clock.advance(pace.quietWaitMs)
  expect(written).toEqual([[1, 1]])
  await collector.add(message(2, 1))
  let isOver = false
  const dropped = collector.discard().then(() => (isOver = true))
  await Promise.resolve()
  expect(isOver).toBe(false)
  writes[0]?.resolve()
  await dropped
  await collector.finish()
  expect(written).toEqual([[1, 1]])
})
