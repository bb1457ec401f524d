import { LogUnavailable, WrongSequence, type EventLog } from "@sluice/infra/event-log/event-log.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { expect, test } from "vitest"
import { until } from "../until.ts"
import { appendAll, collect } from "./event-log-contract.ts"
import { startPrivateNats, type PrivateNats } from "./event-log-server.ts"

const subject = "sluice.log.channel.a"

interface Opened extends AsyncDisposable {
  readonly server: PrivateNats
  readonly log: EventLog
}

const open = async (): Promise<Opened> => {
  const server = await startPrivateNats()
  const log = await openJetStreamLog({ url: server.url })
  return {
    server,
    log,
    [Symbol.asyncDispose]: async () => {
      await log.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

const commit = (expectedSequence: number, id = `commit-${expectedSequence}`) => ({
  subject,
  id,
  body: `behind ${expectedSequence}`,
  expectedSequence,
})

/** Asks for the tail until the server answers. Source: L8. */
const tailOf = async (log: EventLog, of: string) => {
  let tail: Awaited<ReturnType<EventLog["last"]>>
  const isAnswered = async () => {
    try {
      tail = await log.last(of)
      return true
    } catch (error) {
      if (error instanceof LogUnavailable) return false
      throw error
    }
  }
  await until(isAnswered, "the log answers")
  return tail
}

test("a server that does not answer in time is no conflict: the tail tells later that the commit was stored (L8)", async () => {
  await using opened = await open()
  const { server, log } = opened
  await appendAll(log, [subject])
  await server.freeze()
  const begun = performance.now()
  const inDoubt = log.append(commit(1))
  await expect(inDoubt).rejects.toBeInstanceOf(LogUnavailable)
  await expect(inDoubt).rejects.toThrow("within 500 ms")
  expect(performance.now() - begun).toBeGreaterThanOrEqual(499)
  server.thaw()
  await until(async () => (await tailOf(log, subject))?.sequence === 2, "the commit in doubt is stored")
  expect(await tailOf(log, subject)).toMatchObject({ id: "commit-1" })
  expect(await log.append(commit(1))).toBe(2)
  await expect(log.append(commit(1, "other"))).rejects.toEqual(
    new WrongSequence({ subject, expected: 1, actual: 2 }),
  )
})

test("a server that is gone makes the log unavailable at once, and back again by itself (L9)", async () => {
  await using opened = await open()
  const { server, log } = opened
  await appendAll(log, [subject])
  await server.freeze()
  const [inFlight] = await Promise.allSettled([log.append(commit(1)), server.kill()])
  expect(inFlight).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("lost") } })
  await until(() => !log.isConnected(), "the loss is noticed")
  await expect(log.append(commit(1))).rejects.toThrow("no connection")
  await expect(log.head()).rejects.toBeInstanceOf(LogUnavailable)
  await server.restart()
  await until(() => log.isConnected(), "the connection is there again")
  expect((await tailOf(log, subject))?.sequence).toBe(1)
  expect(await log.append(commit(1))).toBe(2)
})

/** Commits to one subject until told to stop, as a host does: in doubt it looks at the tail first. Gives what was acknowledged. */
const hold = async (log: EventLog, of: string, isOver: () => boolean): Promise<Map<string, number>> => {
  const acknowledged = new Map<string, number>()
  let expectedSequence = 0
  for (let version = 1; !isOver(); version++) {
    const id = `${of}-${version}`
    const append = async (): Promise<number> => {
      try {
        return await log.append({ subject: of, id, body: "x".repeat(500), expectedSequence })
      } catch (error) {
        if (!(error instanceof LogUnavailable)) throw error
        const tail = await tailOf(log, of)
        return tail?.id === id ? tail.sequence : append()
      }
    }
    expectedSequence = await append()
    acknowledged.set(id, expectedSequence)
  }
  return acknowledged
}

test("a server that is killed under load three times loses nothing that it acknowledged and stores nothing twice", async () => {
  await using opened = await open()
  const { server, log } = opened
  let isOver = false
  const subjects = Array.from({ length: 10 }, (_, index) => `sluice.log.channel.c${index}`)
  const hosts = Promise.all(subjects.map((of) => hold(log, of, () => isOver)))
  for (let kills = 1; kills <= 3; kills++) {
    const before = (await tailOf(log, subjects[0] ?? ""))?.sequence ?? 0
    await until(async () => (await log.head()) > before + 2_000, "commits flow")
    await server.kill()
    await server.restart()
    await until(() => log.isConnected(), "the connection is there again")
  }
  isOver = true
  const acknowledged = new Map((await hosts).flatMap((of) => [...of]))
  const stored = await collect(log.read({ afterSequence: 0 }))
  expect(new Map(stored.map(({ id, sequence }) => [id, sequence]))).toEqual(acknowledged)
  expect(stored).toHaveLength(acknowledged.size)
})

const ways = [
  ["", {}],
  [" that gathers", { gatherMs: 50 }],
] as const

test.each(ways)(
  "a follower%s goes on after a restart of the server, without a gap or a repeat",
  async (_, more) => {
    await using opened = await open()
    const { server, log } = opened
    await appendAll(log, [subject, subject])
    const abort = new AbortController()
    const followed: Array<number> = []
    const follow = async () => {
      for await (const { sequence } of log.follow({ afterSequence: 0, signal: abort.signal, ...more }))
        followed.push(sequence)
    }
    const following = follow()
    for (let last = 2; last <= 6; last += 2) {
      await until(() => followed.length === last, `${last} commits are followed`)
      await server.kill()
      await server.restart()
      await until(() => log.isConnected(), "the connection is there again")
      await tailOf(log, subject)
      await appendAll(log, [subject, subject])
    }
    await until(() => followed.length === 8, "the last commits are followed")
    abort.abort()
    await following
    expect(followed).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  },
)

test("a reader that is cut off by a restart of the server reads on to its end", async () => {
  await using opened = await open()
  const { server, log } = opened
  const body = "x".repeat(10_000)
  for (let tail = 0; tail < 4_000;) {
    tail = await log.append({ subject, id: `commit-${tail}`, body, expectedSequence: tail })
  }
  const read: Array<number> = []
  for await (const { sequence } of log.read({ afterSequence: 0 })) {
    read.push(sequence)
    if (sequence === 1) {
      await server.kill()
      await server.restart()
    }
  }
  expect(read).toEqual(Array.from({ length: 4_000 }, (_, index) => index + 1))
})
