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
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { describe, expect, test } from "vitest"
import { replayActor, type ReplayedState, type ReplayedStep, type ReplayRequest } from "./replay-actor.ts"
import { checkpointed, type Draft, logOf, record, storeOn, subject } from "./testing/recorded-log.ts"
import { everything } from "./until.ts"

/** Versions 1 to 5 at 0, 0, 10, 10 and 30 ms. */
const history = () =>
  record(
    configured({ maxConcurrent: 1 }),
    acquire("r1"),
    { afterMs: 10 },
    enqueue("r2"),
    enqueue("r3"),
    { afterMs: 20 },
    release("r1"),
  )

const replayed = async (log: EventLog, request: Partial<ReplayRequest> = {}) => {
  const all: Array<ReplayedState | ReplayedStep> = []
  const whole = { actor: "channel/c", until: everything, stepsUntilMs: undefined, follow: undefined }
  for await (const one of replayActor(log, { ...whole, ...request })) all.push(one)
  return all
}

const stateAt = async (log: EventLog, request: Partial<ReplayRequest>) => {
  const [state] = await replayed(log, request)
  if (state?.kind !== "state") throw new Error("no state is shown")
  return state
}

const upTo = (atMs: number) => ({ until: { ...everything, atMs: start + atMs } })
const version = (number: number) => ({ until: { ...everything, version: number } })

describe("an actor as it was (R1)", () => {
  test("at a time: all that had happened by then", async () => {
    const log = await logOf(history())
    expect(await stateAt(log, upTo(5))).toMatchObject({
      version: 2,
      value: { admission: "saturated" },
      context: { leases: { "r1.1": { account: "a" } }, lanes: { waiters: {} } },
    })
    const queueing = await stateAt(log, upTo(29))
    expect(queueing).toMatchObject({ version: 4, commit: "commit-4", value: { admission: "queueing" } })
    expect(Object.keys((queueing.context["lanes"] as { waiters: object }).waiters)).toEqual(["r2", "r3"])
  })

  test("at a time within a commit: no more of it than had happened", async () => {
    const drafts = history()
    const [first, ...others] = drafts.slice(2)
    const merged = { ...drafts[2]!, facts: [...first!.facts, ...others.flatMap(({ facts }) => facts)] }
    const log = await logOf([...drafts.slice(0, 2), merged])
    expect(await stateAt(log, upTo(15))).toMatchObject({
      version: 3,
      at: start + 10,
      value: { admission: "queueing" },
    })
    expect(await stateAt(log, upTo(30))).toMatchObject({ context: { leases: { "r2.1": {} } } })
  })

  test("at a version, and at the head", async () => {
    const log = await logOf(history())
    expect(await stateAt(log, version(1))).toMatchObject({ version: 1, context: { leases: {} } })
    expect(await stateAt(log, {})).toMatchObject({ version: 5, at: start + 30 })
  })

  test("at a version without facts, which only fences: as it was before, and not of before its time", async () => {
    const log = await logOf(history().map((one) => (one.version === 4 ? { ...one, facts: [] } : one)))
    expect(await stateAt(log, version(4))).toMatchObject({ version: 4, commit: "commit-4" })
    expect((await stateAt(log, version(4))).context).toEqual((await stateAt(log, version(3))).context)
    expect(await stateAt(log, upTo(9))).toMatchObject({ version: 2 })
  })

  test("an account is found in the log of its channel", async () => {
    const log = await logOf(history())
    expect(await stateAt(log, { actor: "account/a", ...upTo(5) })).toMatchObject({
      value: { admission: "open", health: "healthy" },
      context: { channel: "c", leases: { "r1.1": { request: "r1" } } },
    })
  })

  test("a snapshot is the beginning of the fold where it is not later than what is asked", async () => {
    const drafts = history()
    const log = await logOf(drafts)
    const whole = [await stateAt(log, upTo(29)), await stateAt(log, upTo(30))]
    const group = createGroup()
    for (const { facts } of drafts.slice(0, 4)) for (const fact of facts) evolve(group, fact)
    const state = JSON.parse(JSON.stringify(toSnapshot(group))) as ReturnType<typeof toSnapshot>
    await log.saveSnapshot(subject, { version: 4, sequence: 4, machineHash, state })
    expect([await stateAt(log, upTo(29)), await stateAt(log, upTo(30))]).toEqual(whole)
    expect(await stateAt(log, upTo(5))).toMatchObject({ version: 2 })
    // It is read, not folded: what it says is believed.
    const told = {
      ...state,
      channel: { ...state.channel, context: { ...state.channel.context, revision: 77 } },
    }
    await log.saveSnapshot(subject, { version: 4, sequence: 4, machineHash, state: told })
    expect(await stateAt(log, {})).toMatchObject({ version: 5, context: { revision: 77 } })
    await log.saveSnapshot(subject, { version: 4, sequence: 4, machineHash: "other code", state: told })
    expect(await stateAt(log, {})).toMatchObject({ version: 5, context: { revision: 1 } })
  })
})

describe("a history with a checkpoint (L5)", () => {
  /** The checkpoint is versions 4 and 5. */
  const drafts = () => checkpointed(history(), 3)

  test("is folded from it on, to the same as from the beginning", async () => {
    const log = await logOf(drafts())
    const whole = await stateAt(await logOf(history()), upTo(30))
    expect(await stateAt(log, upTo(30))).toMatchObject({
      version: 7,
      value: whole.value,
      context: whole.context,
    })
    expect(await stateAt(log, upTo(5))).toMatchObject({ version: 2, context: { leases: { "r1.1": {} } } })
    expect(await stateAt(log, version(4))).toMatchObject({ version: 4, value: { admission: "queueing" } })
    const told = drafts()
    Object.assign((told[3]!.facts[0] as unknown as { context: object }).context, { revision: 77 })
    // It is read, not folded: what it says is believed, from there on.
    expect(await stateAt(await logOf(told), {})).toMatchObject({ version: 7, context: { revision: 77 } })
    expect(await stateAt(await logOf(told), version(3))).toMatchObject({ context: { revision: 1 } })
  })

  test("shows no step of it, and begins with it where all before is purged", async () => {
    const steps = await replayed(await logOf(drafts()), { ...upTo(-1), stepsUntilMs: Infinity })
    expect(steps.map((one) => one.kind === "step" && one.fact.type)).not.toContain("channel.checkpointed")
    const purged = await logOf(drafts().slice(3))
    const whole = await stateAt(await logOf(history()), {})
    expect(await stateAt(purged, {})).toMatchObject({ version: 7, context: whole.context })
    expect(await stateAt(purged, { actor: "account/a" })).toMatchObject({
      version: 7,
      value: { health: "healthy" },
    })
    await expect(stateAt(purged, version(4))).rejects.toThrow(/^channel\/c is not in the log at that time/)
  })
})

describe("what changed at each step (R1)", () => {
  test("a step is a fact of the actor with the regions and the fields that it changed", async () => {
    const log = await logOf(history())
    const [before, ...steps] = await replayed(log, { ...upTo(9), stepsUntilMs: start + 10 })
    expect(before).toMatchObject({ kind: "state", version: 2 })
    expect(steps).toMatchObject([
      {
        kind: "step",
        version: 3,
        fact: { type: "channel.queued", request: "r2" },
        value: [{ path: "admission", from: "saturated", to: "queueing" }],
      },
      { version: 4, fact: { request: "r3" }, value: [] },
    ])
    const paths = (steps[1] as ReplayedStep).context.map(({ path }) => path)
    expect(paths).toContain("lanes.waiters.r3")
    expect(paths).not.toContain("config")
  })

  test("facts of other actors of the subject are folded and not told", async () => {
    const log = await logOf(record(configured(), acquire("r1"), rejected("r1")))
    const steps = (await replayed(log, {
      ...upTo(-1),
      actor: "account/a",
      stepsUntilMs: Infinity,
    })) as Array<ReplayedStep>
    expect(steps.map(({ fact }) => fact.type)).toEqual([
      "account.configured",
      "account.acquired",
      "account.released",
      "account.cooldown_started",
    ])
    expect(steps.at(-1)?.value).toEqual([{ path: "health", from: "healthy", to: "cooling" }])
  })

  test("it goes on with what happens until it is aborted", async () => {
    const drafts = history()
    const log = await logOf(drafts.slice(0, 2))
    const ending = new AbortController()
    const shown: Array<string> = []
    const request = { actor: "channel/c", until: everything, stepsUntilMs: undefined, follow: ending.signal }
    for await (const one of replayActor(log, request)) {
      shown.push(one.kind === "state" ? `version ${one.version}` : one.fact.type)
      if (shown.length === 1) await storeOn(log, subject, drafts.slice(2))
      if (shown.at(-1) === "channel.acquired") ending.abort()
    }
    expect(shown).toEqual([
      "version 2",
      "channel.queued",
      "channel.queued",
      "channel.released",
      "channel.acquired",
    ])
  })
})

describe("what cannot be shown is said in one line", () => {
  const because = async (drafts: ReadonlyArray<Draft>, request: Partial<ReplayRequest>) =>
    replayed(await logOf(drafts), request).then(
      () => "nothing",
      (error: Error) => error.message,
    )

  test.each([
    [{ actor: "channel/d" }, "there is no channel/d in the log: there is channel/c"],
    [{ actor: "account/d" }, "there is no account/d in the log"],
    [{ actor: "c" }, /^"c" names no actor: expected channel\/ID/],
    [version(9), "there is no version 9 of channel/c: the newest is 5"],
    [upTo(-1), /^channel\/c is not in the log at that time/],
  ])("%j", async (request, reason) => {
    expect(await because(history(), request)).toMatch(reason)
  })

  test("a commit that cannot be folded is named", async () => {
    const drafts = history()
    drafts[3]!.facts[0] = { ...drafts[1]!.facts[1]!, actor: "account/unheard" }
    expect(await because(drafts, {})).toMatch(
      /^commit commit-4 \(sequence 4\) cannot be folded: .*not configured/,
    )
    Object.assign(drafts[3] ?? {}, { facts: "none" })
    expect(await because(drafts, {})).toMatch(/^commit commit-4 of sluice\.log\.channel\.c .* cannot be read/)
  })
})

describe("a history with a run of a fast clock (R1, L2)", () => {
  const early = 6_000_000

  /** Versions 1 and 2 with a clock that is fast, the others after a start with one that is right. */
  const corrected = () => {
    const [first, second, ...others] = history()
    const later = others.map((draft) => ({ ...draft, wallAt: draft.at - early + 1_000 }))
    return logOf([first!, second!, ...later])
  }
  const wall = (ms: number) => start - early + 1_000 + ms

  test("is found and shown by what the machine's clock said", async () => {
    const log = await corrected()
    expect(await stateAt(log, { until: { ...everything, atMs: wall(29) } })).toMatchObject({
      version: 4,
      at: wall(10),
      aheadMs: early - 1_000,
    })
    expect(await stateAt(log, { until: { ...everything, atMs: wall(1_000) } })).toMatchObject({ version: 5 })
    expect(await stateAt(log, { until: { ...everything, atMs: wall(-1) } }).catch(String)).toContain(
      "its history begins later",
    )
  })

  test("shows its steps in a span, with their times by that clock", async () => {
    const span = { until: { ...everything, atMs: wall(0) }, stepsUntilMs: wall(10) }
    const shown = (await replayed(await corrected(), span)).filter(({ kind }) => kind === "step")
    expect(shown.slice(-2)).toMatchObject([
      { version: 3, fact: { at: wall(10), type: "channel.queued" } },
      { version: 4, fact: { at: wall(10), type: "channel.queued" } },
    ])
  })
})
