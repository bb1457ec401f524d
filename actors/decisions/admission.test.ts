import { describe, expect, it } from "vitest"
import { channelOf, contextOf, evolve } from "../group/group.ts"
import { acquire, configured, enqueue, given, release, start } from "../testing/specification.ts"
import { decide } from "./decide.ts"

const acquired = (request: string, more = {}) => [
  { type: "channel.acquired", request, ...more },
  { type: "account.acquired", request },
]
const released = (request: string) => [
  { type: "channel.released", request },
  { type: "account.released", request },
]

describe("A1: admission", () => {
  it("grants a slot on the channel and on an account together", () =>
    given(configured({ maxConcurrent: 2 }))
      .when(acquire("r1"))
      .then(
        { type: "channel.acquired", lease: "r1.1", account: "a", inFlight: 1, waitMs: 0 },
        {
          type: "account.acquired",
          lease: "r1.1",
          inFlight: 1,
          estimate: { inputTokens: 10, outputTokens: 20 },
        },
      ))

  it("refuses where no account is usable", () =>
    given(configured({}, [{ enabled: false }]))
      .when(acquire("r1"))
      .thenDenied("disabled"))

  it("names each account's reason", () =>
    given(configured({}, [{ concurrency: 1 }, { concurrency: 1 }]), acquire("r1"))
      .when(acquire("r2", { tried: new Set(["a1"]) }))
      .thenDenied("saturated", "tried"))
})

describe("A2, A3: limits", () => {
  it("admits up to the channel's limit and not beyond", () =>
    given(configured({ maxConcurrent: 2 }), acquire("r1"), acquire("r2"))
      .when(acquire("r3"))
      .thenDenied("saturated"))

  it("admits up to the accounts' limits and not beyond", () =>
    given(configured({}, [{ concurrency: 1 }, { concurrency: 1 }]), acquire("r1"), acquire("r2"))
      .when(acquire("r3"))
      .thenDenied("saturated", "saturated"))

  it.each([0, null, undefined])("takes %s for no limit", (maxConcurrent) => {
    const many = Array.from({ length: 1_000 }, (_, index) => acquire(`r${index}`))
    const { facts } = given(configured(maxConcurrent === undefined ? {} : { maxConcurrent })).when(...many)
    expect(facts).toHaveLength(2_000)
  })

  it("takes an account's negative limit for none", () => {
    const { facts } = given(configured({}, [{ concurrency: -1 }])).when(acquire("r1"), acquire("r2"))
    expect(facts).toHaveLength(4)
  })

  it("drains when a limit falls below what is in flight", () =>
    given(configured({ maxConcurrent: 3 }), acquire("r1"), acquire("r2"), acquire("r3"), enqueue("r4"))
      .when(configured({ maxConcurrent: 1 }), release("r1"), release("r2"), release("r3"))
      .then(
        { type: "channel.configured" },
        ...released("r1"),
        ...released("r2"),
        ...released("r3"),
        ...acquired("r4", { inFlight: 1 }),
      ))
})

describe("A6: the queue", () => {
  it("hands the released slot to the waiter, so that in-flight does not drop", () =>
    given(configured({ maxConcurrent: 1 }), acquire("r1"), enqueue("r2"))
      .when({ afterMs: 40 }, release("r1"))
      .then(...released("r1"), ...acquired("r2", { inFlight: 1, waitMs: 40 })))

  it("admits no newcomer while others wait", () => {
    const { group } = given(
      configured({ maxConcurrent: 1, queueSize: 5 }),
      acquire("r1"),
      enqueue("r2"),
    ).when(release("r1"))
    expect([...channelOf(group).leases].map(({ lease }) => lease)).toEqual(["r2.1"])
    given(configured({ maxConcurrent: 2 }), acquire("r1"), acquire("r2"), enqueue("r3"))
      .when(acquire("r4"))
      .thenDenied("saturated")
  })

  it("admits no newcomer in the instant in which slots become free, before the waiters have them", () => {
    const { group } = given(configured({ maxConcurrent: 1 }), acquire("r1")).when(enqueue("r2"))
    const raised = decide(group, configured({ maxConcurrent: 2 }), start)
    for (const fact of raised.kind === "facts" ? raised.facts : []) evolve(group, fact)
    expect(decide(group, acquire("r3"), start)).toMatchObject({
      kind: "denied",
      denials: [{ reason: "saturated" }],
    })
  })

  it("is full at its size", () =>
    given(configured({ maxConcurrent: 1, queueSize: 2 }), acquire("r1"), enqueue("r2"), enqueue("r3"))
      .when(enqueue("r4"))
      .thenDenied("queue_full"))

  it("takes nobody in where its size is 0", () =>
    given(configured({ maxConcurrent: 1, queueSize: 0 }), acquire("r1"))
      .when(enqueue("r2"))
      .thenDenied("queue_full"))

  it("gives the place of the greediest client's newest waiter to a client that has fewer", () =>
    given(
      configured({ maxConcurrent: 1, queueSize: 3 }),
      acquire("r1"),
      enqueue("g1", { client: "greedy" }),
      enqueue("g2", { client: "greedy" }),
      enqueue("g3", { client: "greedy" }),
    )
      .when(enqueue("p1", { client: "polite" }))
      .then(
        { type: "channel.abandoned", request: "g3", reason: "displaced", depth: 2 },
        { type: "channel.queued", request: "p1", depth: 3 },
      ))

  it("counts a client's waiters by its weight", () =>
    given(
      configured({ maxConcurrent: 1, queueSize: 4 }),
      acquire("r1"),
      enqueue("h1", { client: "heavy", weight: 3 }),
      enqueue("h2", { client: "heavy", weight: 3 }),
      enqueue("h3", { client: "heavy", weight: 3 }),
      enqueue("l1", { client: "light" }),
    )
      .when(enqueue("l2", { client: "light" }))
      .thenDenied("queue_full"))

  it("times a waiter out after queueTimeoutMs", () =>
    given(configured({ maxConcurrent: 1, queueTimeoutMs: 1_500 }), acquire("r1"), enqueue("r2"), {
      afterMs: 1_499,
    })
      .when({ afterMs: 1 })
      .then({ type: "channel.timed_out", request: "r2", waitMs: 1_500, depth: 0 }))

  it.each([0, null])("never times out with queueTimeoutMs %s", (queueTimeoutMs) =>
    given(configured({ maxConcurrent: 1, queueTimeoutMs }), acquire("r1"), enqueue("r2"))
      .when({ afterMs: 1_000_000_000 })
      .then(),
  )
})

describe("A7: order", () => {
  it("serves one client first come, first served", () => {
    const waiters = Array.from({ length: 20 }, (_, index) => `w${index}`)
    const { facts } = given(
      configured({ maxConcurrent: 1 }),
      acquire("r0"),
      ...waiters.map((request) => enqueue(request)),
    ).when(release("r0"), ...waiters.map((request) => release(request)))
    const served = facts.flatMap((fact) => (fact.type === "channel.acquired" ? [fact.request] : []))
    expect(served).toEqual(waiters)
  })

  it("puts a waiter that comes back by its first arrival", () =>
    given(
      configured({ maxConcurrent: 1 }),
      acquire("r0"),
      enqueue("late", { arrivedAt: start + 9 }),
      enqueue("early", { arrivedAt: start + 3 }),
    )
      .when({ afterMs: 10 }, release("r0"))
      .then(...released("r0"), ...acquired("early", { waitMs: 7 })))

  it("serves the clients that wait in turn, by weight", () => {
    const names = ["g1", "g2", "g3", "g4", "p1", "p2"]
    const waiters = names.map((name) =>
      name.startsWith("g")
        ? enqueue(name, { client: "greedy" })
        : enqueue(name, { client: "polite", weight: 2 }),
    )
    const { facts } = given(configured({ maxConcurrent: 1 }), acquire("r0"), ...waiters).when(
      release("r0"),
      ...["g1", "p1", "p2", "g2", "g3"].map((request) => release(request)),
    )
    const served = facts.flatMap((fact) => (fact.type === "channel.acquired" ? [fact.request] : []))
    expect(served).toEqual(["g1", "p1", "p2", "g2", "g3", "g4"])
  })
})

describe("A8: leaving", () => {
  const waiting = [configured({ maxConcurrent: 1 }), acquire("r1"), enqueue("r2"), enqueue("r3")]

  it("frees the place at once", () =>
    given(...waiting, { afterMs: 7 })
      .when({ type: "leave", request: "r2", reason: "client_left" })
      .then({ type: "channel.abandoned", request: "r2", waitMs: 7, reason: "client_left", depth: 1 }))

  it("does nothing for one that is no longer there", () =>
    given(...waiting, release("r1"))
      .when({ type: "leave", request: "r2", reason: "client_left" })
      .then())

  it("passes a slot that was granted in the same instant on to the next waiter", () =>
    given(...waiting, release("r1"))
      .when(release("r2", { outcome: "client_closed", dispatched: false }))
      .then(...released("r2"), ...acquired("r3")))

  it("leaves by its deadline, which wins over the timeout of the same instant", () =>
    given(
      configured({ maxConcurrent: 1, queueTimeoutMs: 500 }),
      acquire("r1"),
      enqueue("r2", { deadlineAt: start + 500 }),
    )
      .when({ afterMs: 500 })
      .then({ type: "channel.abandoned", request: "r2", reason: "deadline", waitMs: 500 }))

  it("is not granted a slot in the instant in which it is due", () =>
    given(configured({ maxConcurrent: 1, queueTimeoutMs: 500 }), acquire("r1"), enqueue("r2"))
      .when({ afterMs: 500 }, release("r1"))
      .then({ type: "channel.timed_out", request: "r2" }, ...released("r1")))
})

describe("A10: hot change", () => {
  const busy = [configured({ maxConcurrent: 1 }), acquire("r1"), enqueue("r2"), enqueue("r3"), enqueue("r4")]

  it("grants waiters at once when the limit rises", () =>
    given(...busy)
      .when(configured({ maxConcurrent: 3 }))
      .then({ type: "channel.configured", revision: 2 }, ...acquired("r2"), ...acquired("r3")))

  it("admits every waiter when the limit is removed", () =>
    given(...busy)
      .when(configured())
      .then({ type: "channel.configured" }, ...acquired("r2"), ...acquired("r3"), ...acquired("r4")))

  it("keeps those who wait when the queue shrinks, and refuses new ones", () =>
    given(...busy, configured({ maxConcurrent: 1, queueSize: 1 }))
      .when(enqueue("r5"))
      .thenDenied("queue_full"))

  it("sends the waiters of a disabled channel back to routing", () =>
    given(...busy)
      .when(configured({ maxConcurrent: 1, enabled: false }))
      .then(
        { type: "channel.configured" },
        { type: "channel.abandoned", request: "r2", reason: "rerouted" },
        { type: "channel.abandoned", request: "r3", reason: "rerouted" },
        { type: "channel.abandoned", request: "r4", reason: "rerouted" },
      ))

  it("touches nothing where nothing changed", () =>
    given(...busy)
      .when(configured({ maxConcurrent: 1 }))
      .then())

  it("changes one account and leaves the rest alone", () =>
    given(configured({ maxConcurrent: 1 }, [{}, {}]), acquire("r1"))
      .when(configured({ maxConcurrent: 1 }, [{}, { note: "spare" }]))
      .then({ type: "account.configured", actor: "account/a1", revision: 2 }))

  it("drains a removed channel and lets what is in flight finish", () => {
    const { group } = given(...busy).when({
      type: "configure",
      channel: null,
      accounts: [],
      credentials: new Map(),
      by: "file",
    })
    expect(group.channel.getSnapshot().value).toMatchObject({ lifecycle: "draining" })
    expect(channelOf(group).leases.size).toBe(1)
  })
})

describe("B4: which account", () => {
  it("takes the lowest priority, then the lowest load, then the least recently used", () => {
    const accounts = [
      { concurrency: 4, priority: 10 },
      { concurrency: 2, priority: 10 },
      { concurrency: 9, priority: 20 },
    ]
    const { group } = given(configured({}, accounts)).when(
      ...[1, 2, 3, 4, 5].flatMap((n) => [acquire(`r${n}`), { afterMs: 1 }]),
    )
    const inFlight = [...group.accounts.values()].map((account) => contextOf(account).leases.size)
    expect(inFlight).toEqual([3, 2, 0])
  })
})
