import { channelOf } from "@sluice/actors/group/group.ts"
import { decodeCommit } from "@sluice/events/commit.ts"
import { channelSubject, ingressSubject } from "@sluice/events/identifier.ts"
import { type EventLog, WrongSequence } from "@sluice/infra/event-log/event-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { describe, expect, it } from "vitest"
import type { Admitted, Lease } from "../admission/lease.ts"
import { configuration, factsIn, settle, startActors } from "../testing/actors-in-memory.ts"

type Sent = Parameters<EventLog["append"]>[0]

const end = { outcome: "ok", status: 200, ttftMs: 1 } as const
const channel = channelSubject("c")
const wanted = configuration([{ id: "c", maxConcurrent: 1 }])

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error(`not granted: ${JSON.stringify(admitted)}`)
  return admitted.lease
}

/** Lets a process send one more commit to a subject, which lies in a socket when the process is dead. */
const sentLast = async (
  { log }: Awaited<ReturnType<typeof startActors>>,
  subject: string,
  send: () => unknown,
): Promise<Sent> => {
  const { append } = log
  let last: Sent | undefined
  log.append = (sent) => {
    if (sent.subject !== subject) return append(sent)
    last ??= sent
    return new Promise(() => undefined)
  }
  void send()
  await settle()
  log.append = append
  if (last === undefined) throw new Error("nothing was sent")
  return last
}

/** The log in which something arrives when everything has been loaded, and before anything is stored. */
const arriving = (log: EventLog, late: Sent): EventLog => {
  let isAwaited = true
  return {
    ...log,
    append: async (sent) => {
      if (isAwaited) await log.append(late)
      isAwaited = false
      return log.append(sent)
    },
  }
}

const countIn = async (log: EventLog, type: string): Promise<number> =>
  (await factsIn(log)).filter((fact) => fact.type === type).length

const commitsWithoutFacts = async (log: EventLog): Promise<number> => {
  let count = 0
  for await (const { body } of log.read({ afterSequence: 0 }))
    if (decodeCommit(body).facts.length === 0) count += 1
  return count
}

describe("L12: what a dead process has sent last", () => {
  it("is refused once the next one has started, whatever state the channel is in", async () => {
    const first = await startActors({ wanted })
    const late = await sentLast(first, channel, () => first.ask("r1"))
    const second = await startActors({ wanted, log: first.log, clock: first.clock })
    expect(second.recovered.wasClean).toBe(false)
    await expect(first.log.append(late)).rejects.toBeInstanceOf(WrongSequence)
    expect(second.late).toEqual([])
    expect(leaseOf(await second.ask("r2")).waitMs).toBe(0)
  })

  it("is ended where it arrives between the load and the fence: the channel gets its slot back, the request its end", async () => {
    const first = await startActors({ wanted })
    const late = await sentLast(first, channel, () => first.ask("r1"))
    const log = arriving(first.log, late)
    const second = await startActors({ wanted, log, clock: first.clock })
    expect(second.late).toEqual([channel])
    expect(second.recovered).toEqual({ wasClean: false, leases: 1, waiters: 0, requests: 1 })
    expect(channelOf(second.node.channels.get("c")!.subject.state).leases.size).toBe(0)
    expect(await countIn(log, "channel.expired")).toBe(1)
    expect(leaseOf(await second.ask("r2")).waitMs).toBe(0)
  })

  it("is not told twice where it was the end of a request", async () => {
    const first = await startActors({ wanted })
    const lease = leaseOf(await first.ask("r1"))
    lease.release(end, true)
    await settle()
    const request = { ...completed, arrivedAt: first.clock.now() }
    const late = await sentLast(first, ingressSubject("n1"), () => first.admission.complete(request))
    const log = arriving(first.log, late)
    const second = await startActors({ wanted, log, clock: first.clock })
    expect(second.late).toEqual([ingressSubject("n1")])
    expect(second.recovered).toMatchObject({ wasClean: false, requests: 0 })
    expect(await countIn(log, "request.completed")).toBe(1)
  })

  it("is its start, where the next process is the first to see it", async () => {
    const { log: other } = await startActors({ wanted })
    const { subject, id, body } = (await other.last(ingressSubject("n1")))!
    const log = arriving(createMemoryLog(), { subject, id, body, expectedSequence: 0 })
    const second = await startActors({ wanted, log })
    expect(second.late).toEqual([subject])
    expect(second.recovered.wasClean).toBe(false)
  })
})

it("L12: the first commit of a channel may come from a dead process while the next one makes that channel", async () => {
  const first = await startActors({ wanted: { ...wanted, pools: [], channels: [] } })
  const late = await sentLast(first, channel, () => first.node.apply({ wanted, by: "file" }))
  let isAwaited = true
  const log: EventLog = {
    ...first.log,
    append: async (sent) => {
      if (sent.subject === channel && isAwaited) {
        isAwaited = false
        await first.log.append(late)
      }
      return first.log.append(sent)
    },
  }
  const second = await startActors({ wanted, log, clock: first.clock })
  expect(second.node.channels.get("c")?.subject.version).toBe(1)
  expect(await countIn(log, "channel.configured")).toBe(1)
})

describe("L12: after a stop in the log", () => {
  it("a start stores that it has started, and nothing else", async () => {
    const first = await startActors({ wanted })
    await first.node.close()
    const before = await first.log.head()
    const second = await startActors({ wanted, log: first.log, clock: first.clock })
    expect(second.recovered.wasClean).toBe(true)
    expect(await first.log.head()).toBe(before + 1)
    expect(await commitsWithoutFacts(first.log)).toBe(0)
  })

  it("nothing is on its way: the node has not stopped before all that it has sent is stored", async () => {
    const first = await startActors({ wanted })
    const late = await sentLast(first, channel, () => first.ask("r1"))
    void first.node.close()
    await settle()
    expect(await countIn(first.log, "node.stopped")).toBe(0)
    const second = await startActors({ wanted, log: arriving(first.log, late), clock: first.clock })
    expect(second.recovered).toMatchObject({ wasClean: false, leases: 1 })
  })

  it("a start that was broken off is not taken for one", async () => {
    const first = await startActors({ wanted })
    const { append } = first.log
    const lost = new WrongSequence({ subject: channel, expected: 9, actual: 1 })
    first.log.append = (sent) => (sent.subject === channel ? Promise.reject(lost) : append(sent))
    await expect(startActors({ wanted, log: first.log, clock: first.clock })).rejects.toMatchObject({
      reason: "tail_lost",
    })
    first.log.append = append
    const third = await startActors({ wanted, log: first.log, clock: first.clock })
    expect(third.recovered.wasClean).toBe(false)
  })
})

it("L12: a hundred channels are fenced at the same time", async () => {
  const ids = Array.from({ length: 100 }, (_, nth) => `c${nth}`)
  const many = configuration(ids.map((id) => ({ id })))
  const first = await startActors({ wanted: many })
  const waiting: Array<() => void> = []
  const all: EventLog = {
    ...first.log,
    append: async (sent) => {
      if (!sent.subject.startsWith(channelSubject(""))) return first.log.append(sent)
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        if (waiting.length === ids.length) for (const go of waiting) go()
      })
      return first.log.append(sent)
    },
  }
  const second = await startActors({ wanted: many, log: all, clock: first.clock })
  expect([second.node.channels.size, waiting.length]).toEqual([100, 100])
})

const completed = {
  request: "r1",
  client: "alice",
  protocol: "openai",
  path: "/v1/chat/completions",
  model: "m",
  pool: "p",
  streaming: false,
  deadlineMs: null,
  estimate: { inputTokens: 1, outputTokens: 1 },
  maxTokens: null,
  candidates: [],
  attempts: [],
  channel: "c",
  account: "c",
  status: 200,
  code: "ok",
  waitMs: 0,
  ttftMs: 1,
  totalMs: 1,
  bytesIn: 1,
  bytesOut: 1,
} as const
