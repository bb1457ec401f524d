import { channelOf, contextOf } from "@sluice/actors/group/group.ts"
import { decodeCommit } from "@sluice/events/commit.ts"
import type { Classification } from "@sluice/events/field.ts"
import { manualClock } from "@sluice/infra/clock/clock.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import type { Diagnosis } from "@sluice/infra/operations/diagnosis.ts"
import { describe, expect, it } from "vitest"
import type { AttemptEnd, Lease } from "../admission/lease.ts"
import { diagnosisAnswer } from "../operations/running-answers.ts"
import { configuration, settle, startActors } from "../testing/actors-in-memory.ts"

const minute = 60_000
const hour = 60 * minute
/** A full hour: seven in the morning. */
const real = Date.UTC(2026, 10, 20, 7)
const early = 100 * minute

const ok = { outcome: "ok", status: 200, ttftMs: 1 } as const

const rejected = (
  classification: Classification,
  more: { readonly retryAfterMs?: number; readonly resetAt?: number },
): AttemptEnd => ({
  outcome: "rate_limited",
  status: 429,
  ttftMs: null,
  rejection: {
    classification,
    evidence: {},
    retryAfterMs: null,
    resetAt: null,
    isOfModel: false,
    statedLimit: null,
    summary: "too many requests",
    ...more,
  },
})

type Started = Awaited<ReturnType<typeof startActors>>

const lease = async ({ ask }: Started, request: string, more = {}): Promise<Lease> => {
  const admitted = await ask(request, more)
  if (admitted.kind !== "granted") throw new Error(JSON.stringify(admitted))
  await admitted.lease.committed
  return admitted.lease
}

const refusal = async ({ ask }: Started, request: string) => {
  const admitted = await ask(request)
  return admitted.kind === "refused" ? admitted.refusal : admitted.kind
}

const commitsIn = async (log: EventLog) => {
  const commits = []
  for await (const { body } of log.read({ afterSequence: 0 })) commits.push(decodeCommit(body))
  return commits
}

/** Actors on a clock that is right, after a run with one that was fast by 100 minutes. */
const afterFastClock = async (channel: Record<string, unknown>, atMs = real): Promise<Started> => {
  const wanted = configuration([{ id: "c", queueTimeoutMs: 1_000, ...channel }])
  const first = await startActors({ wanted, clock: manualClock(atMs + early) })
  const held = await lease(first, "r0", { session: { id: "s", source: "header" } })
  held.release(ok, true)
  await settle()
  await first.node.close()
  return startActors({ wanted, log: first.log, clock: manualClock(atMs) })
}

describe("L2, L3: a start with a clock that is 100 minutes earlier", () => {
  it("lets a cooldown of 5 s end after 5 s, and says so", async () => {
    const started = await afterFastClock({})
    const held = await lease(started, "r1")
    held.release(rejected("requests", { retryAfterMs: 5_000 }), true)
    await settle()
    expect(await refusal(started, "r2")).toMatchObject({ code: "all_cooling", retryAfterMs: 5_000 })
    started.clock.advance(4_000)
    expect(await refusal(started, "r3")).toMatchObject({ code: "all_cooling", retryAfterMs: 1_000 })
    started.clock.advance(1_000)
    await lease(started, "r4")
  })

  it("believes an official reset by the machine's clock, and lets the cooldown end then", async () => {
    const started = await afterFastClock({})
    const held = await lease(started, "r1")
    held.release(rejected("window", { resetAt: real + 30 * minute }), true)
    await settle()
    expect(await refusal(started, "r2")).toMatchObject({ code: "all_cooling", retryAfterMs: 30 * minute })
    const { value } = diagnosisAnswer(started.node, null)
    expect((value as ReadonlyArray<Diagnosis>).find(({ account }) => account !== null)).toMatchObject({
      reason: "cooling",
      until: real + 30 * minute,
      aheadMs: early,
    })
    started.clock.advance(30 * minute)
    await lease(started, "r3")
  })

  it("refills buckets", async () => {
    const started = await afterFastClock({ rpm: 60, burstSeconds: 1 })
    started.clock.advance(1_112)
    await lease(started, "r1")
    expect(await refusal(started, "r2")).toMatchObject({ code: "channel_rpm_exhausted" })
    started.clock.advance(1_112)
    await lease(started, "r3")
  })

  it("lets a session expire", async () => {
    const accounts = [{ id: "a", credential: "env:KEY", sessionIdleTimeoutMs: 10 * minute }]
    const { node, clock } = await afterFastClock({ accounts })
    const sessions = () => {
      const [account] = node.channels.get("c")?.subject.state.accounts.values() ?? []
      return account && contextOf(account).sessions.size
    }
    expect(sessions()).toBe(1)
    clock.advance((10 * minute) / 0.9 + 1)
    expect(sessions()).toBe(0)
  })

  it("turns a waiter away when its deadline has come, and tells how long it waited", async () => {
    const started = await afterFastClock({ maxConcurrent: 1, queueTimeoutMs: null })
    await lease(started, "r1")
    const asked = started.ask("r2", { deadlineAt: started.clock.now() + 10_000 })
    await settle()
    started.clock.advance(9_999)
    expect(channelOf(started.node.channels.get("c")!.subject.state).lanes.size).toBe(1)
    started.clock.advance(1)
    expect(await asked).toMatchObject({ kind: "refused", refusal: { code: "deadline_exceeded" } })
  })

  it("opens a window of cost at the full hour of the calendar", async () => {
    const accounts = [{ id: "a", credential: "env:KEY", windowCost: { limitUsd: 10 } }]
    const started = await afterFastClock({ accounts }, real + 20 * minute)
    started.clock.advance(6 * hour)
    await lease(started, "r1")
    const opened = (await commitsIn(started.log)).flatMap(({ at, wallAt = at, facts }) =>
      facts.flatMap((fact) => (fact.type === "account.window_opened" ? [fact.start - (at - wallAt)] : [])),
    )
    const lag = opened.map((start) => real + 6 * hour - start)
    expect(lag.at(-1)).toBeGreaterThanOrEqual(0)
    expect(lag.at(-1)).toBeLessThan(minute)
  })

  it("stores when things happened by the machine's clock beside the time of the subject", async () => {
    const started = await afterFastClock({})
    await lease(started, "r1")
    const last = (await commitsIn(started.log)).at(-1)
    expect([last?.at, last?.wallAt]).toEqual([real + early, real])
  })
})
