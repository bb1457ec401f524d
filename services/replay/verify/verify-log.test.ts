import type { Command } from "@sluice/actors/decisions/command.ts"
import { createGroup, evolve } from "@sluice/actors/group/group.ts"
import { machineHash, toSnapshot } from "@sluice/actors/group/snapshot.ts"
import {
  acquire,
  configured,
  enqueue,
  rejected,
  release,
  start,
} from "@sluice/actors/testing/specification.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { describe, expect, test } from "vitest"
import { checkpointed, type Draft, logOf, record, storeOn, subject } from "../testing/recorded-log.ts"
import type { InvariantName } from "./invariant.ts"
import type { ExpectedState } from "./same-state.ts"
import { verifyLog } from "./verify-log.ts"

const meter = (request: string): Command => ({
  type: "meter",
  lease: `${request}.1`,
  account: "a",
  model: "m",
  tokens: { input: 9, output: 3, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
  standardCostNanoUsd: 1,
  priced: true,
  prices: "test",
  complete: true,
  estimated: false,
})

/** A commit for each: what a channel with one slot, and an account with two, does for five requests. */
const history = (): Array<Draft> =>
  record(
    configured({ maxConcurrent: 1 }, [{ concurrency: 2 }]),
    acquire("r1"),
    enqueue("r2"),
    enqueue("r3", { arrivedAt: start + 1 }),
    meter("r1"),
    { afterMs: 10 },
    release("r1"),
    release("r2"),
    { afterMs: 10 },
    rejected("r3"),
    { afterMs: 10_000 },
    acquire("r4"),
    release("r4"),
  )

const verified = async (
  drafts: ReadonlyArray<Draft>,
  more: { fromMs?: number; running?: Omit<ExpectedState, "by"> } = {},
) => {
  const log = await logOf(drafts)
  const { fromMs = 0, running } = more
  return verifyLog(log, { fromMs, running: async () => running, onProgress: () => undefined })
}

/** The first fact of a type, and the commit that holds it. */
const find = (drafts: ReadonlyArray<Draft>, type: Fact["type"], request?: string) => {
  for (const draft of drafts) {
    const index = draft.facts.findIndex(
      (fact) =>
        fact.type === type && (request === undefined || ("request" in fact && fact.request === request)),
    )
    const fact = draft.facts[index]
    if (fact !== undefined) return { draft, index, fact: fact as Fact & Record<string, unknown> }
  }
  throw new Error(`there is no ${type}`)
}

const remove = (drafts: Array<Draft>, type: Fact["type"], request: string): Draft => {
  const { draft, index } = find(drafts, type, request)
  draft.facts.splice(index, 1)
  return draft
}

const commitsThatBreak = async (drafts: Array<Draft>, invariant: InvariantName) => {
  const { violations } = await verified(drafts)
  return violations.flatMap((one) =>
    one.invariant === invariant ? [[one.commit, one.problem] as const] : [],
  )
}

describe("a log as the actors write it", () => {
  test("holds to every invariant, and each was looked at", async () => {
    const { counts, violations, commits, facts } = await verified(history())
    expect(violations).toEqual([])
    expect([commits, facts]).toEqual([history().length, history().flatMap((draft) => draft.facts).length])
    for (const name of ["history", "versions", "limits", "order", "leases", "usage", "cooldowns"] as const)
      expect([name, counts[name].checked > 0]).toEqual([name, true])
  })
})

describe("a doctored log is found out, and the commit named (R3)", () => {
  test("A2: a grant above the limit of the channel, or of the account", async () => {
    const unreleased = history()
    remove(unreleased, "channel.released", "r1")
    expect(await commitsThatBreak(unreleased, "limits")).toContainEqual([
      find(unreleased, "channel.acquired", "r2").draft.commit,
      "r2.1 is granted on channel/c with 1 in flight of 1",
    ])
    const narrow = history()
    Object.assign((find(narrow, "account.configured").fact as unknown as { config: object }).config, {
      concurrency: 1,
    })
    remove(narrow, "account.released", "r1")
    expect(await commitsThatBreak(narrow, "limits")).toContainEqual([
      find(narrow, "account.acquired", "r2").draft.commit,
      "r2.1 is granted on account/a with 1 in flight of 1 for a new request",
    ])
  })

  test("A2, F4: a grant above what a channel has learned, as far as it is no test of that", async () => {
    const learned = (initial: number) => configured({ maxConcurrent: { adaptive: { initial } } })
    const tested = record(learned(1), acquire("r1"), acquire("r2"))
    expect((await verified(tested)).violations).toEqual([])
    const beyond = record(learned(9), acquire("r1"), acquire("r2"), acquire("r3"))
    Object.assign((find(beyond, "channel.configured").fact as unknown as { config: object }).config, {
      maxConcurrent: { adaptive: { algorithm: null, initial: 1, min: null, max: null } },
    })
    expect(await commitsThatBreak(beyond, "limits")).toEqual([
      ["commit-4", "r3.1 is granted on channel/c with 2 in flight of 2"],
    ])
  })

  test("A4: a new request on a slot that is kept for bound ones", async () => {
    const drafts = record(configured({}, [{ concurrency: 2 }]), acquire("r1"), acquire("r2"))
    Object.assign((find(drafts, "account.configured").fact as unknown as { config: object }).config, {
      reservedConcurrency: 1,
    })
    expect(await commitsThatBreak(drafts, "limits")).toEqual([
      ["commit-3", "r2.1 is granted on account/a with 1 in flight of 1 for a new request"],
    ])
  })

  test("A7: one that overtakes in its lane, and a newcomer that passes those who wait", async () => {
    const overtaking = history()
    const late = find(overtaking, "channel.queued", "r3").fact
    Object.assign(late, { arrivedAt: start - 1 })
    expect(await commitsThatBreak(overtaking, "order")).toEqual([
      [find(overtaking, "channel.acquired", "r2").draft.commit, 'r2 overtakes r3 in the lane "alice  m"'],
    ])
    const passing = record(configured({ maxConcurrent: 1 }), acquire("r1"), enqueue("r2"), release("r1"))
    remove(passing, "channel.queued", "r2")
    passing[2] = { ...passing[2]!, facts: [{ ...find(history(), "channel.queued", "r3").fact }] }
    expect(await commitsThatBreak(passing, "order")).toEqual([
      ["commit-4", 'r2 passes r3, which waits in the lane "alice  m"'],
    ])
  })

  test("A9: a lease that ends twice, was never granted, is granted again, or has only one side", async () => {
    const twice = history()
    const { draft } = find(twice, "account.released", "r4")
    draft.facts.push(...structuredClone(draft.facts.filter(({ type }) => type.endsWith(".released"))))
    expect(await commitsThatBreak(twice, "leases")).toEqual([
      [draft.commit, "r4.1 ends again on channel/c, which does not hold it"],
      [draft.commit, "r4.1 ends again on account/a, which does not hold it"],
    ])
    const again = history()
    for (const fact of find(again, "channel.acquired", "r4").draft.facts)
      if ("lease" in fact) Object.assign(fact, { lease: "r2.1" })
    expect((await commitsThatBreak(again, "leases"))[0]).toEqual([
      find(again, "channel.acquired", "r4").draft.commit,
      "r2.1 is granted again after its end",
    ])
    const half = history()
    const { commit } = remove(half, "account.acquired", "r1")
    expect((await commitsThatBreak(half, "leases"))[0]).toEqual([
      commit,
      "r1.1 begins or ends on its channel or its account alone",
    ])
  })

  test("D3: an attempt that is metered twice, or without a lease", async () => {
    const twice = history()
    const { draft, fact } = find(twice, "account.usage_recorded")
    draft.facts.push(structuredClone(fact))
    expect(await commitsThatBreak(twice, "usage")).toEqual([
      [draft.commit, "r1.1 is metered twice on account/a"],
    ])
    Object.assign(fact, { lease: "r9.1" })
    expect((await commitsThatBreak(twice, "usage"))[0]?.[1]).toBe(
      "r9.1 is metered on account/a, which does not hold it",
    )
  })

  test("C5: a cooldown that ends before its time, ends twice, or starts while one is in force", async () => {
    const early = history()
    const end = find(early, "account.cooldown_ended")
    Object.assign(find(early, "account.cooldown_started").fact, { until: start + 90_000 })
    expect(await commitsThatBreak(early, "cooldowns")).toEqual([
      [end.draft.commit, "the cooldown a:r3.1 of account/a ends before its time"],
    ])
    const twice = history()
    find(twice, "account.cooldown_ended").draft.facts.push(structuredClone(end.fact))
    expect(await commitsThatBreak(twice, "cooldowns")).toEqual([
      [end.draft.commit, "the cooldown a:r3.1 of account/a ends and is not in force"],
    ])
    const restarted = history()
    const begun = find(restarted, "account.cooldown_started")
    begun.draft.facts.push({ ...structuredClone(begun.fact), id: "a:other" } as Fact)
    expect((await commitsThatBreak(restarted, "cooldowns"))[0]).toEqual([
      begun.draft.commit,
      "the cooldown a:other of account/a starts while a:r3.1 is in force",
    ])
  })

  test("L5: a gap in the versions, a message under another id, a time that falls", async () => {
    const gap = history()
    gap.splice(4, 1)
    expect(await commitsThatBreak(gap, "versions")).toEqual([["commit-6", "version 6 follows 4"]])
    const late = history()
    Object.assign(find(late, "channel.released", "r2").fact, { at: start })
    expect((await commitsThatBreak(late, "versions"))[0]?.[1]).toMatch(
      /^channel\.released is told of \S+Z, after \S+Z$/,
    )
  })

  test("L11: a commit that no actor can fold closes its subject, and the others are verified", async () => {
    const drafts = history()
    Object.assign(find(drafts, "channel.released", "r1").fact, { type: "channel.unheard_of" })
    const log = await logOf(drafts)
    await storeOn(log, "sluice.log.ingress.n1", [
      {
        commit: "other",
        version: 7,
        at: start,
        facts: [{ actor: "ingress/n1", type: "node.started", at: start, incarnation: "i", clean: true }],
      },
    ])
    const report = await verifyLog(log, {
      fromMs: 0,
      running: async () => undefined,
      onProgress: () => undefined,
    })
    expect(report.violations).toMatchObject([
      { invariant: "history", commit: "commit-6", sequence: 6, subject },
      { invariant: "versions", commit: "other", subject: "sluice.log.ingress.n1" },
    ])
  })

  test("L13: an actor that runs, or a snapshot, is another than the log makes", async () => {
    const drafts = history()
    const group = createGroup()
    for (const { facts } of drafts.slice(0, 4)) for (const fact of facts) evolve(group, fact)
    const state = JSON.parse(JSON.stringify(toSnapshot(group))) as ReturnType<typeof toSnapshot>
    const running = { version: 4, machineHash, state }
    expect((await verified(drafts, { running })).counts.state).toEqual({ checked: 1, violated: 0 })
    Object.assign(state.channel.context, { leases: [] })
    const { violations } = await verified(drafts, { running })
    expect(violations).toMatchObject([
      {
        invariant: "state",
        commit: "commit-4",
        problem: "the running actor is not what the log makes: channel.context.leases differ",
      },
    ])
    const log = await logOf(drafts)
    await log.saveSnapshot(subject, { ...running, sequence: 4 })
    const options = { fromMs: 0, running: async () => undefined, onProgress: () => undefined }
    expect((await verifyLog(log, options)).violations).toMatchObject([
      { problem: expect.stringMatching(/^the stored snapshot/) as string },
    ])
    await log.saveSnapshot(subject, { ...running, sequence: 4, machineHash: "other code" })
    expect((await verifyLog(log, options)).counts.state.checked).toBe(0)
  })
})

describe("a log with a checkpoint (L5, L13)", () => {
  test("it is what the log makes, or else it is named", async () => {
    const drafts = checkpointed(history(), 4)
    expect((await verified(drafts)).counts.state).toEqual({ checked: 1, violated: 0 })
    const channel = drafts[4]?.facts[0] as unknown as { context: { leases: Array<object> } }
    channel.context.leases.splice(0)
    expect(await commitsThatBreak(drafts, "state")).toEqual([
      ["commit-6", "the checkpoint is not what the log makes: channel.context.leases differ"],
    ])
  })

  test("is verified from it on where all before is purged, with those who hold and wait", async () => {
    const purged = checkpointed(history(), 4).slice(4)
    const { violations, commits, counts } = await verified(purged)
    expect([violations, commits]).toEqual([[], purged.length])
    expect(counts.order.checked).toBe(6)
    const passing = checkpointed(history(), 4).slice(4)
    find(passing, "channel.acquired", "r2").draft.facts = [
      ...find(passing, "channel.acquired", "r2").draft.facts.slice(0, 2),
      ...structuredClone(find(passing, "channel.acquired", "r3").draft.facts.slice(2, 4)),
    ]
    expect((await commitsThatBreak(passing, "order"))[0]?.[1]).toBe('r3 overtakes r2 in the lane "alice  m"')
  })
})

test("what happened before a time is folded and not judged", async () => {
  const drafts = history()
  const { draft, fact } = find(drafts, "account.usage_recorded")
  draft.facts.push(structuredClone(fact))
  const { violations, commits, counts } = await verified(drafts, { fromMs: start + 10_000 })
  expect([violations, commits]).toEqual([[], 3])
  expect(counts.leases.checked).toBe(4)
})

test("L8: an end that the log has lost is a violation, where the snapshot knows of it", async () => {
  const drafts = history()
  const log = await logOf(drafts.slice(0, -2))
  await log.saveSnapshot(subject, { version: drafts.length, sequence: 99, machineHash, state: null })
  const report = await verifyLog(log, {
    fromMs: 0,
    running: async () => undefined,
    onProgress: () => undefined,
  })
  expect(report.violations).toMatchObject([
    { invariant: "history", subject, sequence: 99, problem: expect.stringContaining("has lost the end") },
  ])
})
