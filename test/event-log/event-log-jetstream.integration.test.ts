import { cp, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { LogForked, LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import { connectToLog } from "@sluice/infra/event-log/jetstream/connection.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { longestPauseMs } from "@sluice/infra/event-log/jetstream/ordered-reader.ts"
import type { SnapshotTooLarge } from "@sluice/infra/event-log/jetstream/snapshots.ts"
import { expect, test } from "vitest"
import { until } from "../until.ts"
import { appendAll, collect } from "./event-log-contract.ts"
import { startPrivateNats } from "./event-log-server.ts"

const subject = "sluice.log.channel.a"

/** Asks the server's own API, past the log. */
const askServer = async (url: string, question: string, details: object = {}): Promise<unknown> => {
  const connection = await connectToLog(url, "test")
  const answer = await connection.nats.request(`$JS.API.${question}`, JSON.stringify(details))
  await connection.close()
  return answer.json()
}

const largestMessage = async (url: string): Promise<number> => {
  const connection = await connectToLog(url, "test")
  const { max_payload: bytes } = connection.nats.info ?? { max_payload: 0 }
  await connection.close()
  return bytes
}

test("the stream keeps everything in files and refuses rather than drops (L5)", async () => {
  await using server = await startPrivateNats()
  const log = await openJetStreamLog({ url: server.url })
  expect(await askServer(server.url, "STREAM.INFO.SLUICE_LOG")).toMatchObject({
    config: {
      subjects: ["sluice.log.>"],
      storage: "file",
      retention: "limits",
      discard: "new",
      max_age: 0,
      max_bytes: -1,
      max_msgs: -1,
      max_msgs_per_subject: -1,
      num_replicas: 1,
      duplicate_window: 1_000_000_000,
    },
  })
  await log.close()
})

test("a stream that would age commits out is set right when it is opened, and keeps what it holds (L5)", async () => {
  await using server = await startPrivateNats()
  await askServer(server.url, "STREAM.CREATE.SLUICE_LOG", {
    name: "SLUICE_LOG",
    subjects: ["sluice.log.>"],
    storage: "file",
    retention: "limits",
    discard: "old",
    max_age: 3_600_000_000_000,
    max_bytes: 1_000_000,
    num_replicas: 1,
  })
  const first = await openJetStreamLog({ url: server.url })
  await appendAll(first, [subject, subject])
  await first.close()
  const second = await openJetStreamLog({ url: server.url })
  expect(await askServer(server.url, "STREAM.INFO.SLUICE_LOG")).toMatchObject({
    config: { max_age: 0, max_bytes: -1, discard: "new" },
  })
  expect(await collect(second.read({ afterSequence: 0 }))).toHaveLength(2)
  await second.close()
})

test("a stream in memory is refused", async () => {
  await using server = await startPrivateNats()
  await askServer(server.url, "STREAM.CREATE.SLUICE_LOG", {
    name: "SLUICE_LOG",
    subjects: ["sluice.log.>"],
    storage: "memory",
    retention: "limits",
    num_replicas: 1,
  })
  await expect(openJetStreamLog({ url: server.url })).rejects.toThrow("in memory, not in files")
})

test("a server that cannot be reached is named, without its credentials", async () => {
  await using server = await startPrivateNats()
  await server.kill()
  const url = server.url.replace("nats://", "nats://sluice:secret@")
  const opening = openJetStreamLog({ url })
  await expect(opening).rejects.toBeInstanceOf(LogUnavailable)
  await expect(opening).rejects.toThrow(`cannot reach NATS at ${server.url}`)
  await expect(opening).rejects.not.toThrow("secret")
  await expect(openJetStreamLog({ url: "nats://:::" })).rejects.toThrow("is not a URL")
})

test("a reader ends when what it waits for is purged meanwhile", async () => {
  await using server = await startPrivateNats()
  const log = await openJetStreamLog({ url: server.url })
  const body = "x".repeat(100_000)
  for (let tail = 0; tail < 400;) {
    tail = await log.append({ subject, id: `commit-${tail}`, body, expectedSequence: tail })
  }
  const read: Array<number> = []
  for await (const { sequence } of log.read({ afterSequence: 0 })) {
    read.push(sequence)
    if (sequence === 1) await askServer(server.url, "STREAM.PURGE.SLUICE_LOG")
  }
  expect(read.length).toBeLessThan(400)
  expect(await log.head()).toBe(400)
  await log.close()
})

test("a reader that rests for longer than the client waits goes on without a gap or a repeat", async () => {
  await using server = await startPrivateNats()
  const log = await openJetStreamLog({ url: server.url })
  for (let tail = 0; tail < 3_000;) {
    tail = await log.append({ subject, id: `commit-${tail}`, body: "", expectedSequence: tail })
  }
  const rests = new Set([10, 2_500, 3_000])
  const read: Array<number> = []
  for await (const { sequence } of log.read({ afterSequence: 0 })) {
    read.push(sequence)
    const restedAt = performance.now() + 1.2 * longestPauseMs
    if (rests.has(sequence)) await until(() => performance.now() > restedAt, "the rest is over")
  }
  expect(read).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1))
  await log.close()
})

test("a snapshot that is larger than the server takes is told of and not stored (L11)", async () => {
  await using server = await startPrivateNats()
  const told: Array<SnapshotTooLarge> = []
  const log = await openJetStreamLog({ url: server.url, onSnapshotTooLarge: (notice) => told.push(notice) })
  const small = { version: 1, sequence: 1, machineHash: "m1", state: "small" }
  await log.saveSnapshot(subject, small)
  await log.saveSnapshot(subject, {
    ...small,
    version: 2,
    state: "x".repeat(await largestMessage(server.url)),
  })
  expect(told).toMatchObject([{ subject }])
  expect(told[0]?.bytes).toBeGreaterThan(told[0]?.limitBytes ?? Infinity)
  expect(await log.snapshot(subject)).toEqual(small)
  await log.close()
})

test("a commit that is larger than the server takes is a defect, not an outage", async () => {
  await using server = await startPrivateNats()
  const log = await openJetStreamLog({ url: server.url })
  const body = "x".repeat(await largestMessage(server.url))
  const append = log.append({ subject, id: "huge", body, expectedSequence: 0 })
  await expect(append).rejects.not.toBeInstanceOf(LogUnavailable)
  expect(await log.head()).toBe(0)
  await log.close()
})

test("who follows a log that comes back from an older copy hears of it where sequences are given again", async () => {
  await using opened = new AsyncDisposableStack()
  const server = opened.use(await startPrivateNats())
  const copy = await mkdtemp(join(tmpdir(), "sluice-copy-"))
  opened.defer(() => rm(copy, { recursive: true, force: true }))
  const log = opened.adopt(await openJetStreamLog({ url: server.url }), (one) => one.close())
  const kill = async () => {
    await server.kill()
    await until(() => !log.isConnected(), "the connection is lost")
  }
  const connected = () => until(() => log.isConnected(), "the connection is made again")
  const append = async (id: string, expectedSequence: number) =>
    log.append({ subject, id, body: "", expectedSequence })
  const identity = await log.identity()
  await append("one", 0)
  await kill()
  await cp(server.dataDir, copy, { recursive: true })
  await server.restart()
  await connected()
  await append("two", 1)
  const ended = new AbortController()
  opened.defer(() => ended.abort())
  const [checked, gathering, unchecked] = [{ afterId: null }, { afterId: null, gatherMs: 50 }, {}].map(
    (more) => log.follow({ afterSequence: 0, signal: ended.signal, ...more })[Symbol.asyncIterator](),
  )
  for (const follower of [checked, gathering, unchecked])
    for (const id of ["one", "two"]) expect((await follower?.next())?.value).toMatchObject({ id })
  await kill()
  await rm(server.dataDir, { recursive: true })
  await cp(copy, server.dataDir, { recursive: true })
  await server.restart()
  await connected()
  await append("other-two", 1)
  await append("three", 2)
  for (const follower of [checked, gathering])
    await expect(follower?.next()).rejects.toEqual(new LogForked({ sequence: 2 }))
  expect((await unchecked?.next())?.value).toMatchObject({ id: "three" })
  expect(await log.identity()).toBe(identity)
}, 30_000)

test("a follower that begins behind another message than it was told hears of it", async () => {
  await using server = await startPrivateNats()
  const log = await openJetStreamLog({ url: server.url })
  await appendAll(log, [subject, subject])
  const { signal } = new AbortController()
  const follow = (afterId: string) => collect(log.follow({ afterSequence: 1, afterId, signal }), 1)
  await expect(follow("another")).rejects.toEqual(new LogForked({ sequence: 1 }))
  expect(await follow((await log.at(1))?.id ?? "")).toMatchObject([{ sequence: 2 }])
  await log.close()
})

test("a stream that is made anew begins without the snapshots of the one before it (L11)", async () => {
  await using server = await startPrivateNats()
  const before = await openJetStreamLog({ url: server.url })
  await before.saveSnapshot(subject, { version: 9, sequence: 99, machineHash: "h", state: 1 })
  expect(await before.snapshot(subject)).toMatchObject({ version: 9 })
  await before.close()
  await askServer(server.url, "STREAM.DELETE.SLUICE_LOG")
  const log = await openJetStreamLog({ url: server.url })
  expect(await log.snapshot(subject)).toBeUndefined()
  await log.saveSnapshot(subject, { version: 1, sequence: 1, machineHash: "h", state: 2 })
  expect(await log.snapshot(subject)).toMatchObject({ version: 1, state: 2 })
  await log.close()
})
