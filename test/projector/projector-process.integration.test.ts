import { fork, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { getPriority, tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { openClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { exampleCommits, type ExampleMessage } from "@sluice/projector/testing/example-commits.ts"
import { Schema } from "effect"
import { expect, test } from "vitest"
import { startPrivateNats } from "../event-log/event-log-server.ts"
import { contentsOfFacts, contentsOfTables } from "./projected-tables.ts"

const script = fileURLToPath(import.meta.resolve("@sluice/projector/main.ts"))
const isReady = Schema.is(Schema.Struct({ ready: Schema.Literal(true), url: Schema.String }))
const month = "from=2026-10-01&to=2026-11-30"

interface ForkedProjector {
  readonly child: ChildProcess
  /** What it says first: that it is ready, or why it is not. */
  readonly said: Promise<unknown>
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

interface RunningProjector extends ForkedProjector, AsyncDisposable {
  readonly url: string
  end(signal: NodeJS.Signals): Promise<number | string>
}

const forkProjector = (nats: string, path: string): ForkedProjector => {
  const child = fork(script, ["--nats", nats, "--clickhouse", path], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  })
  const ended = once(child, "exit").then(() => child.exitCode ?? child.signalCode ?? "")
  const said = once(child, "message").then(([message]: Array<unknown>) => message)
  return { child, said: Promise.race([said, ended]), ended }
}

const startProjector = async (nats: string, path: string): Promise<RunningProjector> => {
  const forked = forkProjector(nats, path)
  const said = await forked.said
  if (!isReady(said)) throw new Error(`the projector is not ready: ${JSON.stringify(said)}`)
  const end = (signal: NodeJS.Signals) => {
    forked.child.kill(signal)
    return forked.ended
  }
  return { ...forked, url: said.url, end, [Symbol.asyncDispose]: async () => void (await end("SIGKILL")) }
}

/** A log in a real server, and a place for the tables. */
const openPlace = async () => {
  await using opened = new AsyncDisposableStack()
  const server = opened.use(await startPrivateNats())
  const path = await mkdtemp(join(tmpdir(), "sluice-tables-"))
  opened.defer(() => rm(path, { recursive: true, force: true }))
  const log = opened.adopt(await openJetStreamLog({ url: server.url }), (one) => one.close())
  const kept = opened.move()
  return { log, nats: server.url, path, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** Appends example commits until it is told to stop, and gives those that it appended. */
const appendUntil = async (log: EventLog, signal: AbortSignal): Promise<ReadonlyArray<ExampleMessage>> => {
  const lasts = new Map<string, number>()
  const appended: Array<ExampleMessage> = []
  for (const message of exampleCommits({ requests: 1_000_000 })) {
    if (signal.aborted) break
    const { subject, id, body } = message
    lasts.set(subject, await log.append({ subject, id, body, expectedSequence: lasts.get(subject) ?? 0 }))
    appended.push(message)
    await pause(1)
  }
  return appended
}

const append = async (log: EventLog, messages: ReadonlyArray<ExampleMessage>) => {
  const lasts = new Map<string, number>()
  for (const { subject, id, body } of messages)
    lasts.set(subject, await log.append({ subject, id, body, expectedSequence: lasts.get(subject) ?? 0 }))
}

const get = async (url: string): Promise<unknown> => (await fetch(url)).json()

/** Ends a projector that has caught up, and reads the tables. */
const contentsAfter = async (projector: RunningProjector, path: string) => {
  await get(`${projector.url}/queries/usage?${month}&wait=head`)
  expect(await get(`${projector.url}/lag`)).toMatchObject({ lagFacts: 0, lagMs: 0 })
  expect(await projector.end("SIGTERM")).toBe(0)
  const clickHouse = await openClickHouse({ path })
  const contents = await contentsOfTables(clickHouse)
  await clickHouse.close()
  return contents
}

test("ten kills of the projector under appends leave no gap and no double", async () => {
  await using place = await openPlace()
  const killed = new AbortController()
  const appending = appendUntil(place.log, killed.signal)
  for (let kills = 0; kills < 10; kills++) {
    await using projector = await startProjector(place.nats, place.path)
    // Each life a little longer than the one before: the kills come before the first block, in it, and after several.
    await pause(kills * 70)
    expect(await projector.end("SIGKILL")).toBe("SIGKILL")
  }
  killed.abort()
  const appended = await appending
  await using projector = await startProjector(place.nats, place.path)
  expect(await contentsAfter(projector, place.path)).toEqual(contentsOfFacts(appended))
})

test("a database that was deleted is made again from the log", async () => {
  await using place = await openPlace()
  const examples = [...exampleCommits({ requests: 60 })]
  await append(place.log, examples)
  await using first = await startProjector(place.nats, place.path)
  expect(await contentsAfter(first, place.path)).toEqual(contentsOfFacts(examples))
  await rm(place.path, { recursive: true })
  await using second = await startProjector(place.nats, place.path)
  expect(await contentsAfter(second, place.path)).toEqual(contentsOfFacts(examples))
})

test("a reader that waits for the head sees what was stored before it asked", async () => {
  await using place = await openPlace()
  await using projector = await startProjector(place.nats, place.path)
  const examples = [...exampleCommits({ requests: 20 })]
  await append(place.log, examples)
  expect(await get(`${projector.url}/queries/trace?${month}&wait=head`)).toMatchObject({
    rows: [{ requests: 20, completed: 16, statuses: { 200: 16, 429: 4 }, upstream429: 2 }],
  })
  expect(await get(`${projector.url}/readyz`)).toEqual({ status: "ready" })
})

test("it ends when the process that started it is gone", async () => {
  await using place = await openPlace()
  await using projector = await startProjector(place.nats, place.path)
  projector.child.disconnect()
  expect(await projector.ended).toBe(0)
})

test("a directory that another projector holds is refused, and it says by whom", async () => {
  await using place = await openPlace()
  await using first = await startProjector(place.nats, place.path)
  const second = forkProjector(place.nats, place.path)
  expect(await second.said).toEqual({
    failed: `the directory ${place.path} is in use by process ${first.child.pid}`,
  })
  expect(await second.ended).toBe(1)
})

/** Counts the processors that a thread may run on. */
const processorsOf = async (thread: string): Promise<number> => {
  const mask = /^Cpus_allowed:\s*(.*)$/m.exec(await readFile(`/proc/${thread}/status`, "utf8"))?.[1] ?? ""
  return BigInt(`0x${mask.replaceAll(",", "")}`)
    .toString(2)
    .replaceAll("0", "").length
}

test("a projector that is ready works in the background, and leaves half of the processors to others", async () => {
  await using place = await openPlace()
  await using projector = await startProjector(place.nats, place.path)
  const tasks = `${projector.child.pid}/task`
  const threads = await readdir(`/proc/${tasks}`)
  expect(threads.length).toBeGreaterThan(1)
  expect(new Set(threads.map((thread) => getPriority(Number(thread))))).toEqual(new Set([10]))
  const kept = await Promise.all(threads.map((thread) => processorsOf(`${tasks}/${thread}`)))
  expect(new Set(kept)).toEqual(new Set([Math.max(1, Math.floor((await processorsOf("self")) / 2))]))
})
