import { describe, expect, it } from "vitest"
import { channelOf } from "../group/group.ts"
import { acquire, configured, enqueue, given, release, start } from "../testing/specification.ts"

const served = (facts: ReadonlyArray<{ type: string }>): ReadonlyArray<string> =>
  facts.flatMap((fact) =>
    fact.type === "channel.acquired" && "request" in fact ? [String(fact.request)] : [],
  )

const inSession = (session: string, more = {}) => ({ session, ...more })
const bound = (session: string, account: string) => [
  acquire(`bind-${session}`, { session, account }),
  release(`bind-${session}`, { account }),
]

describe("A7: lanes that cannot go block nobody", () => {
  it("one that is bound to an account that is full", () => {
    const { facts } = given(
      configured({}, [{ concurrency: 1 }, { concurrency: 1 }]),
      ...bound("s", "a"),
      acquire("r1", { account: "a" }),
      acquire("r2", { account: "a1" }),
      enqueue("sticky", inSession("s", { account: "a" })),
      enqueue("other", { client: "bob" }),
    ).when(release("r2", { account: "a1" }))
    expect(served(facts)).toEqual(["other"])
  })

  it("one whose model is unknown to the upstream", () => {
    const { facts } = given(
      configured({ models: ["m", "n"], maxConcurrent: 1 }),
      acquire("r1", { model: "n" }),
      enqueue("r2", { model: "n" }),
      enqueue("r3", { client: "bob" }),
    ).when(release("r1", { outcome: "upstream_error", status: 404, isModelUnknown: true }))
    expect(served(facts)).toEqual(["r3"])
    expect(facts).toContainEqual(expect.objectContaining({ type: "channel.abandoned", reason: "rerouted" }))
  })

  it("one for which only reserved slots are free", () => {
    const { facts } = given(
      configured({}, [{ concurrency: 2, reservedConcurrency: 1 }]),
      ...bound("s", "a"),
      acquire("r1"),
      acquire("r2", inSession("s", { account: "a" })),
      enqueue("new"),
      enqueue("sticky", inSession("s", { account: "a", client: "bob" })),
    ).when(release("r2"))
    expect(served(facts)).toEqual(["sticky"])
  })
})

describe("A7: the order of clients", () => {
  const busy = [acquire("r0")]
  const waiting = [
    enqueue("a1", { client: "alice", arrivedAt: start }),
    enqueue("a2", { client: "alice", arrivedAt: start + 1 }),
    enqueue("b1", { client: "bob", arrivedAt: start + 2 }),
    enqueue("b2", { client: "bob", arrivedAt: start + 3 }),
  ]
  const oneByOne = ["r0", "a1", "b1", "a2", "b2"].map((request) => release(request))
  const inOrder = ["r0", "a1", "a2", "b1", "b2"].map((request) => release(request))

  it("fair: in turn", () => {
    const { facts } = given(configured({ maxConcurrent: 1 }), ...busy, ...waiting).when(...oneByOne)
    expect(served(facts)).toEqual(["a1", "b1", "a2", "b2"])
  })

  it("fifo: who came first, over all clients", () => {
    const channel = configured({ maxConcurrent: 1, queueOrder: "fifo" })
    const { facts } = given(channel, ...busy, ...waiting).when(...inOrder)
    expect(served(facts)).toEqual(["a1", "a2", "b1", "b2"])
  })

  it("fifo passes over a lane that cannot go, and comes back to it", () => {
    const { facts } = given(
      configured({ queueOrder: "fifo" }, [{ concurrency: 1 }, { concurrency: 1 }]),
      ...bound("s", "a"),
      acquire("r1", { account: "a" }),
      acquire("r2", { account: "a1" }),
      enqueue("sticky", inSession("s", { account: "a" })),
      enqueue("other", { client: "bob", arrivedAt: start + 1 }),
    ).when(release("r2", { account: "a1" }), release("r1"))
    expect(served(facts)).toEqual(["other", "sticky"])
  })

  it("is changed hot, and those who wait keep their times of arrival", () => {
    const { facts } = given(configured({ maxConcurrent: 1 }), ...busy, ...waiting).when(
      configured({ maxConcurrent: 1, queueOrder: "fifo" }),
      ...inOrder,
    )
    expect(served(facts)).toEqual(["a1", "a2", "b1", "b2"])
  })

  it("one client with several models has one turn, not one for each", () => {
    const { facts } = given(
      configured({ models: ["m", "n"], maxConcurrent: 1 }),
      ...busy,
      enqueue("a1", { client: "alice", arrivedAt: start }),
      enqueue("a2", { client: "alice", model: "n", arrivedAt: start + 1 }),
      enqueue("b1", { client: "bob", arrivedAt: start + 2 }),
      enqueue("b2", { client: "bob", arrivedAt: start + 3 }),
    ).when(...oneByOne)
    expect(served(facts)).toEqual(["a1", "b1", "a2", "b2"])
  })
})

describe("A6: nobody overtakes", () => {
  it("a newcomer waits behind those who ask for the same", () =>
    given(configured({}, [{ concurrency: 1 }]), acquire("r1"), enqueue("r2"))
      .when(acquire("r3"))
      .thenDenied("saturated"))

  it("a newcomer is served at once where those who wait are bound to another account", () => {
    const { facts } = given(
      configured({}, [{ concurrency: 1 }, { concurrency: 1 }]),
      ...bound("s", "a"),
      acquire("r1", { account: "a" }),
      enqueue("sticky", inSession("s", { account: "a" })),
    ).when(acquire("new"))
    expect(served(facts)).toEqual(["new"])
  })
})

describe("B9: a request that was rejected for concurrency", () => {
  it("comes back to its place by its first arrival, even where the queue is full", () => {
    const { group, facts } = given(
      configured({ maxConcurrent: 1, queueSize: 1 }),
      acquire("r1"),
      enqueue("r2", { arrivedAt: start + 5 }),
    ).when(enqueue("r0", { arrivedAt: start - 5, isReturning: true }), release("r1"))
    expect(served(facts)).toEqual(["r0"])
    expect(channelOf(group).lanes.size).toBe(1)
  })
})

describe("B10, B11: who can no longer be served in time", () => {
  const limited = { classification: "requests", evidence: {}, retryAfterMs: 60_000, resetAt: null } as const
  const rejection = { ...limited, isOfModel: false, statedLimit: null, summary: "" }

  it("goes back to routing when its only account cools for longer than it may wait", () => {
    const { facts } = given(configured({ maxConcurrent: 1 }), acquire("r1"), enqueue("r2")).when(
      release("r1", { outcome: "rate_limited", status: 429, rejection }),
    )
    expect(facts).toContainEqual(
      expect.objectContaining({ type: "channel.abandoned", request: "r2", reason: "rerouted" }),
    )
  })

  it("waits for the end of a cooldown that lies within its time", () => {
    const { facts } = given(configured({ maxConcurrent: 1 }), acquire("r1"), enqueue("r2")).when(
      release("r1", {
        outcome: "rate_limited",
        status: 429,
        rejection: { ...rejection, retryAfterMs: 9_000 },
      }),
      { afterMs: 9_000 },
    )
    expect(served(facts)).toEqual(["r2"])
  })

  it("is refused when it arrives, once it is known how long slots are held", () => {
    const history = Array.from({ length: 20 }, (_, n) => [
      acquire(`h${n}`),
      { afterMs: 1_000 },
      release(`h${n}`),
    ]).flat()
    const soon = { deadlineAt: start + 20_000 + 1_500 }
    given(configured({ maxConcurrent: 1 }), ...history, acquire("r1"), enqueue("r2"))
      .when(enqueue("r3", soon))
      .thenDenied("deadline")
    const { facts } = given(configured({ maxConcurrent: 1 }), ...history, acquire("r1")).when(
      enqueue("r3", soon),
    )
    expect(facts).toMatchObject([{ type: "channel.queued", request: "r3" }])
  })
})

describe("A5: a soft limit", () => {
  it("counts and never blocks", () => {
    const soft = configured({ maxConcurrent: 1, queueSize: 2, mode: "soft" })
    const { facts } = given(soft).when(...[1, 2, 3, 4, 5].map((n) => acquire(`r${n}`)))
    expect(served(facts)).toHaveLength(5)
  })

  it("lets everyone in who waits when a hard one becomes soft", () => {
    const hard = { maxConcurrent: 1, queueSize: 2 }
    const { facts, group } = given(configured(hard), acquire("r1"), enqueue("r2"), enqueue("r3")).when(
      configured({ ...hard, mode: "soft" }),
    )
    expect(served(facts)).toEqual(["r2", "r3"])
    expect(channelOf(group).leases.size).toBe(3)
  })
})
