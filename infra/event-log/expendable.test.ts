import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { expect, it } from "vitest"
import { envelopeBytes, type EventLog } from "./event-log.ts"
import { findExpendable } from "./expendable.ts"
import { createMemoryLog } from "./testing/memory-log.ts"

const subjectOf = (id: string) => `sluice.log.ingress.${id}`

const part = (nth: number, parts: number): CheckpointFact => ({
  actor: "ingress/a",
  type: "ingress.checkpointed",
  at: 0,
  part: nth,
  parts,
  shape: 1,
  machineHash: "",
  value: null,
  context: {},
})

const stopped: Fact = { actor: "ingress/a", type: "node.stopped", at: 0, incarnation: "" }

/** A log of commits, the first of each subject's at time 1 and one more with each. */
const logOf = async (...commits: ReadonlyArray<readonly [id: string, ...facts: ReadonlyArray<Fact>]>) => {
  const log = createMemoryLog()
  for (const [nth, [id, ...facts]] of commits.entries()) {
    const subject = subjectOf(id)
    const expectedSequence = (await log.last(subject))?.sequence ?? 0
    const head = { commit: `${nth}`, version: 1, at: nth + 1, node: "n", epoch: 1, schema: 1 }
    await log.append({ subject, id: head.commit, body: JSON.stringify({ ...head, facts }), expectedSequence })
  }
  return log
}

const find = (log: EventLog, more: Partial<Parameters<typeof findExpendable>[1]> = {}) =>
  findExpendable(log, {
    subjects: new Set([subjectOf("a"), subjectOf("b")]),
    untilSequence: 1_000,
    nowMs: 1_000_000,
    beforeMs: 1_000,
    beforeMsIfLarge: 1_000,
    bytesMax: 1e12,
    ...more,
  })

it("L5: what stands before the newest checkpoint of each subject is expendable", async () => {
  const log = await logOf(
    ["a", stopped],
    ["b", stopped],
    ["a", part(0, 1)],
    ["b", part(0, 1)],
    ["a", stopped],
    ["a", part(0, 1)],
    ["a", stopped],
  )
  expect(await find(log)).toEqual([
    { subject: subjectOf("a"), beforeSequence: 6, commits: 3 },
    { subject: subjectOf("b"), beforeSequence: 4, commits: 1 },
  ])
  expect(await find(log, { subjects: new Set() })).toEqual([])
  expect(await find(log, { untilSequence: 5 })).toMatchObject([{ beforeSequence: 3 }, { beforeSequence: 4 }])
  expect(await find(log, { beforeMs: 4 })).toMatchObject([{ subject: subjectOf("a"), beforeSequence: 3 }])
})

it("L5: a checkpoint counts only whole, and only where nothing comes between its parts", async () => {
  const first = [
    ["a", stopped],
    ["a", part(0, 2)],
  ] as const
  expect(await find(await logOf(...first))).toEqual([])
  expect(await find(await logOf(...first, ["a", stopped], ["a", part(1, 2)]))).toEqual([])
  expect(await find(await logOf(...first, ["b", stopped], ["a", part(1, 2)]))).toMatchObject([
    { beforeSequence: 2 },
  ])
  expect(await find(await logOf(...first, ["a", part(0, 2)], ["a", part(1, 2)]))).toMatchObject([
    { beforeSequence: 3 },
  ])
})

it("L5: of a log that is too large the excess is expendable before its time", async () => {
  const log = await logOf(["a", stopped], ["a", part(0, 1)], ["a", stopped], ["a", part(0, 1)])
  const bytes = await log.bytes()
  const young = { beforeMs: 0 }
  expect(await find(log, { ...young, bytesMax: bytes })).toEqual([])
  expect(await find(log, { ...young, bytesMax: bytes - 1 })).toEqual([])
  expect(await find(log, { ...young, bytesMax: bytes - envelopeBytes - 300 })).toMatchObject([
    { beforeSequence: 2 },
  ])
  expect(await find(log, { ...young, bytesMax: 0 })).toMatchObject([{ beforeSequence: 4 }])
  expect(await find(log, { ...young, bytesMax: 0, beforeMsIfLarge: 4 })).toMatchObject([
    { beforeSequence: 2 },
  ])
})

it("L5, L2: what a clock that was fast has dated later is as old as what follows it", async () => {
  const log = await logOf(["a", stopped], ["a", part(0, 1)], ["a", stopped], ["b", stopped])
  expect(await find(log, { nowMs: 1, beforeMs: 2 })).toEqual([])
  expect(await find(log, { nowMs: 1, beforeMs: 1 })).toEqual([])
  const corrected = {
    commit: "c",
    version: 2,
    at: 5,
    wallAt: 1,
    node: "n",
    epoch: 1,
    schema: 1,
    facts: [stopped],
  }
  await log.append({ subject: subjectOf("a"), id: "c", body: JSON.stringify(corrected), expectedSequence: 3 })
  expect(await find(log, { nowMs: 1, beforeMs: 2 })).toMatchObject([{ beforeSequence: 2 }])
})

it("L11: a commit that cannot be read keeps none of another subject", async () => {
  const log = await logOf(["a", stopped], ["a", part(0, 1)])
  await log.append({ subject: subjectOf("b"), id: "odd", body: "{", expectedSequence: 0 })
  await log.append({
    subject: subjectOf("a"),
    id: "last",
    body: JSON.stringify({
      commit: "last",
      version: 1,
      at: 9,
      node: "n",
      epoch: 1,
      schema: 1,
      facts: [part(0, 1)],
    }),
    expectedSequence: 2,
  })
  expect(await find(log)).toEqual([{ subject: subjectOf("a"), beforeSequence: 4, commits: 2 }])
})
