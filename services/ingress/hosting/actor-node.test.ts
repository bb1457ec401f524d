import { channelOf } from "@sluice/actors/group/group.ts"
import { decodeCommit } from "@sluice/events/commit.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import { type EventLog, WrongSequence } from "@sluice/infra/event-log/event-log.ts"
import { describe, expect, it } from "vitest"
import type { Admitted, Lease } from "../admission/lease.ts"
import { configuration, factsIn, settle, startActors } from "../testing/actors-in-memory.ts"

const end = { outcome: "ok", status: 200, ttftMs: 1 } as const

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error(`not granted: ${JSON.stringify(admitted)}`)
  return admitted.lease
}

const wanted = configuration([{ id: "c", maxConcurrent: 2 }])

const commitsOf = async (log: EventLog, subject: string) => {
  const commits = []
  for await (const { body } of log.read({ subject, afterSequence: 0 })) commits.push(decodeCommit(body))
  return commits
}

describe("L5, L6: commits", () => {
  it("store what was decided together as one message, in versions without gaps", async () => {
    const { ask, log } = await startActors({ wanted })
    const lease = leaseOf(await ask("r1"))
    await lease.committed
    lease.release(end, true)
    await settle()
    const commits = await commitsOf(log, channelSubject("c"))
    expect(commits.map(({ version }) => version)).toEqual([1, 2, 3])
    expect(commits.map(({ facts }) => facts.map(({ type }) => type))).toEqual([
      ["channel.configured", "account.configured"],
      ["channel.acquired", "account.acquired"],
      ["channel.released", "account.released"],
    ])
  })

  it("gather what is decided while one is under way", async () => {
    const { ask, log } = await startActors({ wanted: configuration([{ id: "c" }]) })
    const leases = await Promise.all(["r1", "r2", "r3", "r4"].map((request) => ask(request)))
    await Promise.all(leases.map((admitted) => leaseOf(admitted).committed))
    const commits = await commitsOf(log, channelSubject("c"))
    expect(commits.slice(1).flatMap(({ facts }) => facts)).toHaveLength(8)
    expect(commits.length).toBeLessThan(4)
  })

  it("carry an epoch that each opening of the subject raises", async () => {
    const first = await startActors({ wanted })
    await first.node.close()
    const second = await startActors({ wanted, log: first.log, clock: first.clock })
    await leaseOf(await second.ask("r1")).committed
    expect((await commitsOf(first.log, channelSubject("c"))).map(({ epoch }) => epoch)).toEqual([1, 2])
  })
})

describe("L7: a lease is only real once it is in the log", () => {
  it("waits for an answer of the log, and grants nothing new meanwhile", async () => {
    const { ask, log, clock, troubles } = await startActors({ wanted })
    log.fault = "lost"
    const lease = leaseOf(await ask("r1"))
    let isCommitted = false
    void lease.committed.then(() => (isCommitted = true))
    await settle()
    expect(await ask("r2")).toMatchObject({ refusal: { code: "event_log_unavailable", status: 503 } })
    log.fault = "none"
    clock.advance(1_000)
    await settle()
    expect(isCommitted).toBe(true)
    leaseOf(await ask("r3"))
    clock.advance(1_000)
    expect(troubles).toEqual([
      "the event log does not answer: it is asked until it does",
      "the event log answers again",
    ])
  })

  it("takes a commit that was stored without an answer for what it is (L8)", async () => {
    const { ask, log, clock } = await startActors({ wanted })
    log.fault = "unanswered"
    const lease = leaseOf(await ask("r1"))
    await settle()
    log.fault = "none"
    clock.advance(1_000)
    await lease.committed
    const acquired = (await factsIn(log)).filter(({ type }) => type === "channel.acquired")
    expect(acquired).toHaveLength(1)
  })
})

describe("L6, L8: a commit that the log refuses", () => {
  const intrude = async (log: EventLog) => {
    const subject = channelSubject("c")
    const last = await log.last(subject)
    const { version } = decodeCommit(last!.body)
    const commit = {
      commit: "other",
      version: version + 1,
      at: 1,
      node: "n2",
      epoch: 9,
      schema: 1,
      facts: [],
    }
    await log.append({ subject, id: "other", body: JSON.stringify(commit), expectedSequence: last!.sequence })
  }

  it("did not happen: its lease is void, and the state is folded anew", async () => {
    const { ask, log, node, troubles } = await startActors({ wanted })
    await intrude(log)
    const lease = leaseOf(await ask("r1"))
    await expect(lease.committed).rejects.toMatchObject({ reason: "another_owner" })
    await settle()
    expect(channelOf(node.channels.get("c")!.subject.state).leases.size).toBe(0)
    expect(troubles).toEqual(["the log refused a commit"])
  })

  it("does not lose the releases and usages of leases that are in the log", async () => {
    const { ask, log, node } = await startActors({ wanted })
    const lease = leaseOf(await ask("r1"))
    await lease.committed
    await intrude(log)
    const tokens = { input: 1, output: 1, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
    const metered = lease.meter({ model: "m", tokens, complete: true, estimated: false })
    lease.release(end, true)
    await metered
    await settle()
    const types = (await factsIn(log)).map(({ type }) => type)
    expect(types.filter((type) => type === "account.usage_recorded")).toHaveLength(1)
    expect(types.filter((type) => type === "channel.released")).toHaveLength(1)
    expect(channelOf(node.channels.get("c")!.subject.state).leases.size).toBe(0)
  })

  it("because the log has lost its end stops the channel, and its waiters go back to routing", async () => {
    const both = configuration(
      [
        { id: "c", maxConcurrent: 1 },
        { id: "d", maxConcurrent: 1 },
      ],
      {
        tiers: [["c", "d"]],
      },
    )
    const { ask, log, node, troubles } = await startActors({ wanted: both })
    const held = [leaseOf(await ask("r1")), leaseOf(await ask("r2"))]
    await Promise.all(held.map(({ committed }) => committed))
    const third = ask("r3")
    await settle()
    expect(channelOf(node.channels.get("c")!.subject.state).lanes.get("r3")).toBeDefined()
    const lost = new WrongSequence({ subject: channelSubject("c"), expected: 9, actual: 1 })
    const { append } = log
    log.append = (commit) => (commit.subject === lost.subject ? Promise.reject(lost) : append(commit))
    node.channels.get("c")!.subject.execute({ type: "reset", by: "api:test" })
    await settle()
    expect(troubles).toEqual(["the log refused a commit"])
    held.find(({ channel }) => channel.id === "d")!.release(end, true)
    expect(leaseOf(await third).channel.id).toBe("d")
  })

  it("sends the waiters whose places are lost back to routing", async () => {
    const { ask, log, node } = await startActors({ wanted })
    const held = [leaseOf(await ask("r1")), leaseOf(await ask("r2"))]
    await Promise.all(held.map(({ committed }) => committed))
    await intrude(log)
    const third = ask("r3")
    await settle()
    await settle()
    held[0]!.release(end, true)
    expect(leaseOf(await third).waitMs).toBe(0)
    expect(channelOf(node.channels.get("c")!.subject.state).leases.size).toBe(2)
  })
})

describe("L11, L12: coming back", () => {
  it("folds to the same state, from snapshots too", async () => {
    const first = await startActors({ wanted })
    await leaseOf(await first.ask("r1")).committed
    await first.node.close()
    expect(await first.log.snapshot(channelSubject("c"))).toMatchObject({ version: 2 })
    const second = await startActors({ wanted, log: first.log, clock: first.clock })
    expect(second.recovered).toEqual({ wasClean: true, leases: 1, waiters: 0, requests: 1 })
  })

  it("ends what a dead process left: leases expire, waiters are abandoned, requests complete as lost", async () => {
    const first = await startActors({ wanted })
    await leaseOf(await first.ask("r1")).committed
    await leaseOf(await first.ask("r2")).committed
    void first.ask("r3")
    await settle()
    const second = await startActors({ wanted, log: first.log, clock: first.clock })
    expect(second.recovered).toEqual({ wasClean: false, leases: 2, waiters: 1, requests: 3 })
    const facts = await factsIn(first.log)
    const lost = facts.flatMap((fact) =>
      fact.type === "request.completed" ? [`${fact.request} ${fact.code}`] : [],
    )
    expect(lost.toSorted()).toEqual(["r1 node_lost", "r2 node_lost", "r3 node_lost"])
    expect(facts.filter(({ type }) => type === "account.usage_recorded")).toHaveLength(2)
    expect(channelOf(second.node.channels.get("c")!.subject.state).leases.size).toBe(0)
  })

  it("finds the requests that were between their last attempt and their end", async () => {
    const first = await startActors({ wanted })
    const lease = leaseOf(await first.ask("r1"))
    await lease.committed
    lease.release(end, true)
    await settle()
    const second = await startActors({ wanted, log: first.log, clock: first.clock })
    expect(second.recovered).toMatchObject({ leases: 0, requests: 1 })
  })

  it("closes a channel whose end the log has lost, and runs the rest", async () => {
    const both = configuration([{ id: "c" }, { id: "d" }], { tiers: [["c", "d"]] })
    const first = await startActors({ wanted: both })
    const lost = new WrongSequence({ subject: channelSubject("c"), expected: 9, actual: 1 })
    const { last } = first.log
    const log: EventLog = {
      ...first.log,
      last: (subject) => (subject === lost.subject ? Promise.reject(lost) : last(subject)),
    }
    const second = await startActors({ wanted: both, log, clock: first.clock })
    expect(second.troubles.join()).toContain("channel/c stays closed: the log has lost its end")
    expect(leaseOf(await second.ask("r1")).channel.id).toBe("d")
  })

  it("closes a channel whose history has a gap, and runs the rest", async () => {
    const both = configuration([{ id: "c" }, { id: "d" }], { tiers: [["c", "d"]] })
    const first = await startActors({ wanted: both })
    const last = await first.log.last(channelSubject("c"))
    const commit = { commit: "gap", version: 9, at: 1, node: "n1", epoch: 1, schema: 1, facts: [] }
    await first.log.append({
      subject: channelSubject("c"),
      id: "gap",
      body: JSON.stringify(commit),
      expectedSequence: last!.sequence,
    })
    const second = await startActors({ wanted: both, log: first.log, clock: first.clock })
    expect(second.troubles.join()).toContain("channel/c stays closed: its history cannot be read")
    expect(leaseOf(await second.ask("r1")).channel.id).toBe("d")
  })
})
