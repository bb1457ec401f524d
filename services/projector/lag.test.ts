import { expect, test } from "vitest"
import { createLagMeter } from "./lag.ts"

const nowMs = 1_790_000_010_000
const commit = (sequence: number, facts: number) => ({
  sequence,
  facts,
  at: nowMs - 1_000 * (10 - sequence),
  rejection: null,
})

test("nothing is missing exactly when the last message is written", () => {
  const meter = createLagMeter()
  expect(meter.lag(0, nowMs).lagFacts).toBe(0)
  meter.read(commit(1, 3))
  meter.read(commit(2, 1))
  expect(meter.lag(2, nowMs)).toMatchObject({ lagFacts: 4, lagMs: 9_000, head: 2, projected: 0 })
  meter.written(1)
  expect(meter.lag(2, nowMs)).toMatchObject({ lagFacts: 2, lagMs: 8_000, head: 2, projected: 1 })
  meter.written(2)
  expect(meter.lag(2, nowMs)).toMatchObject({ lagFacts: 0, lagMs: 0, head: 2, projected: 2 })
})

test("what was not read yet counts too", () => {
  const meter = createLagMeter()
  meter.restart(5)
  expect(meter.lag(7, nowMs)).toMatchObject({ lagFacts: 2, lagMs: 0, head: 7, projected: 5 })
})

test("a reader of its own write waits until it is there, or gives up", async () => {
  const meter = createLagMeter()
  const patience = new AbortController()
  const first = meter.reached(1, patience.signal)
  const second = meter.reached(2, patience.signal)
  meter.written(1)
  await first
  patience.abort(new Error("enough"))
  await expect(second).rejects.toThrow("enough")
  await meter.reached(1, patience.signal)
})

test("commits that cannot be read are counted", () => {
  const meter = createLagMeter()
  meter.read({ sequence: 1, facts: 0, at: null, rejection: "not JSON" })
  expect(meter.lag(1, nowMs)).toMatchObject({ rejectedCommits: 1 })
})

test("who waits is not answered by what the tables are thought to hold while they are recovered", async () => {
  const meter = createLagMeter()
  meter.turns("recovering", 7)
  expect(meter.lag(7, nowMs).projected).toBe(7)
  let isAnswered = false
  const waiting = meter.reached(5, new AbortController().signal).then(() => (isAnswered = true))
  await Promise.resolve()
  expect(isAnswered).toBe(false)
  meter.restart(0)
  meter.written(5)
  await waiting
  expect(isAnswered).toBe(true)
})
