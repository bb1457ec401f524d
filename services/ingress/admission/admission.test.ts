import { channelOf } from "@sluice/actors/group/group.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { describe, expect, it } from "vitest"
import { configuration, factsIn, settle, startActors } from "../testing/actors-in-memory.ts"
import type { Admitted, Lease } from "./lease.ts"

const end = { outcome: "ok", status: 200, ttftMs: 1 } as const

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error(`not granted: ${JSON.stringify(admitted)}`)
  return admitted.lease
}

const sentBack = ({ at, actor, request, attempt }: Extract<Fact, { type: "channel.queued" }>) =>
  ({
    type: "channel.abandoned",
    at,
    actor,
    request,
    attempt,
    reason: "rerouted",
    waitMs: 0,
    depth: 0,
  }) as const

const one = (channel: Record<string, unknown>) => configuration([{ id: "c", ...channel }])

describe("B2: spill before queue", () => {
  it("takes the next tier rather than wait", async () => {
    const { ask } = await startActors({
      wanted: configuration([{ id: "one", maxConcurrent: 1 }, { id: "two" }]),
    })
    expect(leaseOf(await ask("r1")).channel.id).toBe("one")
    const second = await ask("r2")
    expect(leaseOf(second).channel.id).toBe("two")
    expect(second).toMatchObject({ candidates: [{ channel: "one", reason: "saturated" }] })
  })

  it("waits in tier 1 where the pool says so", async () => {
    const channels = [{ id: "one", maxConcurrent: 1 }, { id: "two" }]
    const { ask } = await startActors({
      wanted: configuration(channels, { pool: { queueBeforeFallback: true } }),
    })
    const first = leaseOf(await ask("r1"))
    const second = ask("r2")
    await settle()
    first.release(end, true)
    expect(leaseOf(await second).channel.id).toBe("one")
  })

  it("waits at every candidate, takes the first slot and gives up the other places in the same turn", async () => {
    const channels = [
      { id: "one", maxConcurrent: 1 },
      { id: "two", maxConcurrent: 1 },
    ]
    const { ask, log, node } = await startActors({ wanted: configuration(channels) })
    await ask("r1")
    const second = leaseOf(await ask("r2"))
    const third = ask("r3")
    await settle()
    second.release(end, true)
    expect(channelOf(node.channels.get("one")!.subject.state).lanes.size).toBe(0)
    expect(leaseOf(await third).channel.id).toBe("two")
    await settle()
    expect(await factsIn(log)).toContainEqual(
      expect.objectContaining({
        type: "channel.abandoned",
        request: "r3",
        reason: "served_elsewhere",
        actor: "channel/one",
      }),
    )
  })
})

describe("B3: which channel", () => {
  it("shares requests by weight between channels that are alike", async () => {
    const channels = [
      { id: "one", weight: 200 },
      { id: "two", weight: 100 },
    ]
    const { ask } = await startActors({ wanted: configuration(channels, { tiers: [["one", "two"]] }) })
    const taken = []
    for (const n of [1, 2, 3, 4, 5, 6]) taken.push(leaseOf(await ask(`r${n}`)).channel.id)
    expect(taken).toEqual(["one", "two", "one", "one", "two", "one"])
  })

  it("never lets a weight lift a full channel above one with a free slot", async () => {
    const channels = [
      { id: "one", weight: 1_000, maxConcurrent: 1 },
      { id: "two", weight: 1, maxConcurrent: 9 },
    ]
    const { ask } = await startActors({ wanted: configuration(channels, { tiers: [["one", "two"]] }) })
    expect(leaseOf(await ask("r1")).channel.id).toBe("one")
    expect(leaseOf(await ask("r2")).channel.id).toBe("two")
  })
})

describe("B10: refusals", () => {
  it("limit 1, queue 1: the third is refused at once, and the refusal is a fact", async () => {
    const { ask, log } = await startActors({ wanted: one({ maxConcurrent: 1, queueSize: 1 }) })
    await ask("r1")
    void ask("r2")
    expect(await ask("r3")).toMatchObject({
      kind: "refused",
      refusal: { code: "channel_queue_full", status: 429 },
    })
    await settle()
    expect(await factsIn(log)).toContainEqual(
      expect.objectContaining({ type: "channel.rejected", request: "r3" }),
    )
  })

  it("a wait that is too long", async () => {
    const { ask, clock } = await startActors({ wanted: one({ maxConcurrent: 1, queueTimeoutMs: 1_500 }) })
    await ask("r1")
    const second = ask("r2")
    await settle()
    clock.advance(1_500)
    expect(await second).toMatchObject({
      kind: "refused",
      refusal: { code: "channel_queue_timeout", retryAfterMs: null },
    })
  })

  it.each([
    ["its channel's queue", {}],
    ["the queue of the account that it is bound to", { session: { id: "s", source: "header" } as const }],
  ])("a wait that is too long with what was waited before, in %s", async (_, of) => {
    const { ask, clock } = await startActors({ wanted: one({ maxConcurrent: 1, queueTimeoutMs: 1_500 }) })
    await ask("r1", of)
    const second = ask("r2", { ...of, isReturning: true, waitedMs: 1_100 })
    await settle()
    clock.advance(400)
    expect(await second).toMatchObject({ kind: "refused", refusal: { code: "channel_queue_timeout" } })
  })

  it("a wait that was too long before the request came back", async () => {
    const { ask } = await startActors({ wanted: one({ maxConcurrent: 1, queueTimeoutMs: 1_500 }) })
    await ask("r1")
    expect(await ask("r2", { isReturning: true, waitedMs: 1_501 })).toMatchObject({
      refusal: { code: "channel_queue_timeout" },
    })
  })

  it("a deadline that passes while waiting", async () => {
    const { ask, clock } = await startActors({ wanted: one({ maxConcurrent: 1 }) })
    await ask("r1")
    const second = ask("r2", { deadlineAt: clock.now() + 200 })
    await settle()
    clock.advance(200)
    expect(await second).toMatchObject({
      kind: "refused",
      refusal: { code: "deadline_exceeded", status: 429 },
    })
  })

  it("every candidate cooling: with the earliest end", async () => {
    const { ask } = await startActors({ wanted: one({}) })
    const rejection = {
      classification: "requests",
      evidence: {},
      retryAfterMs: 40_000,
      resetAt: null,
      isOfModel: false,
      statedLimit: null,
      summary: "",
    } as const
    leaseOf(await ask("r1")).release({ outcome: "rate_limited", status: 429, ttftMs: null, rejection }, true)
    expect(await ask("r2")).toMatchObject({
      kind: "refused",
      refusal: { code: "all_cooling", retryAfterMs: 40_000 },
    })
  })

  it("no candidate: with how many were passed over for which reason", async () => {
    const channels = [
      { id: "one", enabled: false },
      { id: "two", protocol: "anthropic" },
      { id: "three", models: ["other"] },
    ]
    const { ask } = await startActors({ wanted: configuration(channels) })
    const refused = await ask("r1")
    expect(refused).toMatchObject({ refusal: { code: "no_candidate", status: 503 } })
    expect(refused).toMatchObject({
      refusal: { message: expect.stringContaining("1 disabled, 1 protocol, 1 model") },
    })
  })
})

describe("A8: a client that leaves", () => {
  it("leaves its place and reaches no upstream", async () => {
    const { ask, node } = await startActors({ wanted: one({ maxConcurrent: 1 }) })
    await ask("r1")
    const leaving = new AbortController()
    const second = ask("r2", { signal: leaving.signal })
    await settle()
    leaving.abort()
    expect(await second).toMatchObject({ kind: "left" })
    expect(channelOf(node.channels.get("c")!.subject.state).lanes.size).toBe(0)
  })
})

describe("A9: lingering", () => {
  it("frees an aborted attempt's slot after abortLingerMs, by the host's timer", async () => {
    const { ask, clock } = await startActors({ wanted: one({ maxConcurrent: 1, abortLingerMs: 100 }) })
    leaseOf(await ask("r1")).release({ ...end, outcome: "client_closed" }, true)
    let isGranted = false
    const second = ask("r2").then((admitted) => {
      isGranted = true
      return admitted
    })
    await settle()
    clock.advance(99)
    await settle()
    expect(isGranted).toBe(false)
    clock.advance(1)
    expect(leaseOf(await second).waitMs).toBe(100)
  })
})

describe("A10: hot change", () => {
  it("sends the waiters of a disabled channel to another one, with their arrival time", async () => {
    const channels = [
      { id: "one", maxConcurrent: 1 },
      { id: "two", maxConcurrent: 1 },
    ]
    const tiers = [["one"], ["two"]]
    const { ask, clock, node } = await startActors({ wanted: configuration(channels, { tiers }) })
    await ask("r1")
    const second = leaseOf(await ask("r2"))
    const third = ask("r3")
    await settle()
    clock.advance(50)
    await node.apply({
      wanted: configuration([{ ...channels[0]!, enabled: false }, channels[1]!], { tiers }),
      by: "file",
    })
    second.release(end, true)
    const admitted = leaseOf(await third)
    expect(admitted.channel.id).toBe("two")
    expect(admitted.waitMs).toBe(50)
  })
})

describe("A6, A10: a request that is routed again", () => {
  it("waits no longer than it would have without", async () => {
    const limits = { maxConcurrent: 1, queueTimeoutMs: 1_000 }
    const channels = [
      { id: "one", ...limits },
      { id: "two", ...limits, models: ["other"] },
    ]
    const { ask, clock, node } = await startActors({ wanted: configuration(channels) })
    await ask("r1")
    await ask("r2", { model: "other" })
    const third = ask("r3")
    await settle()
    clock.advance(700)
    const moved = configuration([
      { id: "one", ...limits, enabled: false },
      { id: "two", ...limits, models: ["m", "other"] },
    ])
    await node.apply({ wanted: moved, by: "file" })
    await settle()
    clock.advance(300)
    expect(await third).toMatchObject({ refusal: { code: "channel_queue_timeout" } })
  })
})

describe("B10: a request that no account can serve in its time", () => {
  const paced = () =>
    startActors({
      wanted: one({
        queueTimeoutMs: 1_500,
        burstSeconds: 1,
        accounts: [{ id: "a", credential: "env:KEY", rpm: 60 }],
      }),
    })

  it("is refused when that shows, though others wait behind it", async () => {
    const { ask, clock } = await paced()
    await ask("r1")
    const waiting = [ask("r2"), ask("r3")]
    await settle()
    clock.advance(900)
    const fourth = ask("r4")
    await settle()
    clock.advance(100)
    leaseOf(await waiting[0]!)
    expect(await waiting[1]).toMatchObject({
      refusal: { code: "channel_rpm_exhausted", candidates: [{ channel: "c", account: "a", reason: "rpm" }] },
    })
    clock.advance(1_000)
    expect(leaseOf(await fourth).waitMs).toBe(1_100)
  })

  it("is refused when its channel sends it back again and again", async () => {
    const { ask, node, admission } = await paced()
    let times = 0
    node.listen({
      onFacts: (channel, facts) => {
        for (const fact of facts)
          if (fact.type === "channel.queued" && ++times < 100)
            queueMicrotask(() => admission.onFacts(channel, [sentBack(fact)], Promise.resolve()))
      },
      onReloaded: () => {},
    })
    await ask("r1")
    expect(await ask("r2")).toMatchObject({ refusal: { code: "channel_rpm_exhausted" } })
    expect(times).toBe(2)
  })
})

describe("L10: shutting down", () => {
  it("turns every waiter away", async () => {
    const { ask, admission } = await startActors({ wanted: one({ maxConcurrent: 1 }) })
    await ask("r1")
    const second = ask("r2")
    await settle()
    admission.shutDown()
    expect(await second).toMatchObject({ kind: "refused", refusal: { code: "shutting_down", status: 503 } })
  })
})
