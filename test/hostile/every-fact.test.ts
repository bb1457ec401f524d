import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Operation } from "@sluice/infra/operations/operation.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { configuration } from "@sluice/ingress/testing/actors-in-memory.ts"
import { Schema } from "effect"
import fc from "fast-check"
import { expect, test } from "vitest"
import { requestBytes } from "./hostile-bytes.ts"
import { type HostileExchange, hostileExchanges, hostileOperations } from "./hostile-exchanges.ts"
import { type HostileUpstream, startHostileUpstream } from "./hostile-upstream.ts"
import { type MemoryIngress, startMemoryIngress } from "./memory-ingress.ts"
import { sendRaw } from "./raw-client.ts"
import { expectReadable } from "./readable-log.ts"

/** `npm run test:hostile` sends 100 000. */
const exchangeCount = Number(process.env["SLUICE_HOSTILE_EXCHANGES"] ?? 1_000)
const seed = Number(process.env["SLUICE_HOSTILE_SEED"] ?? 20_261_130)
/** Begins with the history that failed, as the failure says it. */
const path = process.env["SLUICE_HOSTILE_PATH"] ?? ""
const perHistory = 100
const atOnce = 50
/** After so many, the heap holds what code and caches take. */
const warmHistories = 5
/** A machine that does other work too makes stalls of its own, so the short run does not judge them. */
const stallMaxMs = exchangeCount >= 100_000 ? 200 : Infinity
const heapGrowthMax = 48 * 2 ** 20

const credential = `upstream-${randomBytes(16).toString("hex")}`
const key = `client-${randomBytes(16).toString("hex")}`

const timeouts = { connectMs: 1_000, firstByteMs: 400, stallMs: 300 }
const cooldown = { baseMs: 1_000, maxMs: 10_000 }
const wantedAt = (url: string) => {
  const accounts = (...ids: ReadonlyArray<string>) =>
    ids.map((id) => ({
      id,
      credential: "env:UPSTREAM",
      rpm: 6_000,
      tpm: 1e8,
      maxSessions: 20,
      windowCost: { limitUsd: 1e6 },
    }))
  const of = { baseUrl: url, timeouts, cooldown, queueTimeoutMs: 20_000, queueSize: 40 }
  const channels = [
    { id: "openai", models: ["m", "m*"], accounts: accounts("a1", "a2"), maxConcurrent: 12, ...of },
    { id: "claude", protocol: "anthropic", models: ["claude"], accounts: accounts("a3", "a4"), ...of },
    { id: "gemini", protocol: "gemini", models: ["gemini"], accounts: accounts("a5"), ...of },
  ]
  const pool = { models: ["*"], retries: { attempts: 3, sameAccount: 1 }, drainTimeoutMs: 300 }
  return configuration(channels, { tiers: [channels.map(({ id }) => id)], pool })
}

const decodeOperation = Schema.decodeUnknownResult(Schema.fromJsonString(Operation))

/** Sends the operation as it would come over the wire; what is none is refused there. */
const operate = async (ingress: MemoryIngress, asked: unknown): Promise<string> => {
  const operation = decodeOperation(JSON.stringify(asked) ?? "")
  return operation._tag === "Failure" ? "" : JSON.stringify(await ingress.operate(operation.success))
}

/** Sends all exchanges, some at once, with operations between them, and gives what the clients and operators were told. */
const play = async (
  ingress: MemoryIngress,
  exchanges: ReadonlyArray<HostileExchange>,
  operations: ReadonlyArray<unknown>,
): Promise<ReadonlyArray<string>> => {
  const answers: Array<string> = []
  const rest = [...exchanges.entries()]
  const asked = [...operations]
  const send = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [nth, exchange] = next
      const bytes = requestBytes(exchange, { nth, key })
      answers.push((await sendRaw(ingress.port, bytes, exchange.request.leavesAfterMs)).toString("latin1"))
      const operation = asked.shift()
      if (operation !== undefined) answers.push(await operate(ingress, operation))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, send))
  return answers
}

const secrets = [credential, key]

const expectNoSecret = (where: string, texts: ReadonlyArray<string>, planted = secrets): void => {
  for (const text of texts)
    if (planted.some((secret) => text.includes(secret)))
      throw new Error(`a planted secret stands in ${where}: ${text.slice(0, 2_000)}`)
}

const live = (ingress: MemoryIngress): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify(
      Object.fromEntries(
        [...ingress.node.channels.values()].map(({ subject }) => [
          subject.subject,
          channelDecider.snapshot(subject.state),
        ]),
      ),
    ),
  ) as Record<string, unknown>

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void
const heapUsed = (): number => {
  collect()
  return process.memoryUsage().heapUsed
}

/** One history from an empty log on: nothing of it may break what comes to the log, to clients or to tables. Returns for how long the event loop stood still while it was served. Units: milliseconds. */
const expectHistoryToHold = async (
  upstream: HostileUpstream,
  { exchanges, operations }: { exchanges: Array<HostileExchange>; operations: Array<unknown> },
  archive: string,
): Promise<number> => {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  upstream.play(exchanges)
  const ingress = await startMemoryIngress({
    wanted: wantedAt(upstream.url),
    credential,
    keys: { alice: key },
  })
  delay.enable()
  const answers = await play(ingress, exchanges, operations)
  delay.disable()
  expect(ingress.node.stopped).toEqual([])
  await ingress.close()
  const stored = await expectReadable(ingress.log, archive)
  expect(stored.states).toMatchObject(live(ingress))
  expect(answers.filter((answer) => answer.includes("internal_error"))).toEqual([])
  expectNoSecret("an answer", answers)
  expectNoSecret(
    "a fact",
    stored.messages.map(({ body }) => body),
  )
  expectNoSecret("a row", stored.rows)
  expectNoSecret("a line of the log", ingress.said())
  expectNoSecret("what the upstream is sent", upstream.seen, secrets.slice(1))
  return delay.max / 1e6
}

test(`whatever ${exchangeCount} clients, upstreams and operators send, every fact can be read, nothing fails here and no secret gets out`, async () => {
  const directory = await mkdtemp(join(tmpdir(), "sluice-hostile-"))
  await using upstream = await startHostileUpstream()
  let histories = 0
  let heapBefore = 0
  let worstMs = 0
  const history = fc.record({
    exchanges: fc.array(hostileExchanges, { minLength: perHistory, maxLength: perHistory, size: "max" }),
    operations: fc.array(hostileOperations, { maxLength: 8 }),
  })
  const holds = fc.asyncProperty(history, async (given) => {
    worstMs = Math.max(worstMs, await expectHistoryToHold(upstream, given, join(directory, "log.jsonl.gz")))
    histories += 1
    if (histories === warmHistories) heapBefore = heapUsed()
  })
  const numRuns = Math.ceil(exchangeCount / perHistory)
  const result = await fc.check(holds, { numRuns, seed, path, endOnFailure: true })
  if (result.failed)
    throw new Error(
      `history ${result.numRuns} of ${numRuns} does not hold: SLUICE_HOSTILE_SEED=${seed} SLUICE_HOSTILE_PATH=${result.counterexamplePath}`,
      { cause: result.errorInstance },
    )
  expect(heapUsed() - heapBefore, "what the heap has grown by").toBeLessThan(heapGrowthMax)
  expect(worstMs, "the longest stall of the event loop").toBeLessThan(stallMaxMs)
  await rm(directory, { recursive: true })
}, 3_600_000)
