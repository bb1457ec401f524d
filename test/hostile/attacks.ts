import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { connectToLog } from "@sluice/infra/event-log/jetstream/connection.ts"
import { operationSubject } from "@sluice/infra/event-log/jetstream/server-names.ts"

/** True if this is the run by hand, at full size. */
export const isFull = process.env["SLUICE_HOSTILE_REST_SECONDS"] !== undefined

/** How long a request may wait where an upstream has no room. */
export const queueTimeoutMs = 1_500

/** What an attacker sends. */
export interface Sent {
  readonly path?: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** When it leaves without waiting for more. */
  readonly leavesAfterMs?: number
}

/** What it was answered; 0 where it left, or the connection broke before an answer. */
export interface Answered {
  readonly status: number
  readonly code: string
  readonly bytes: number
  readonly tookMs: number
}

/** A running product, as an attacker sees it. */
export interface Target {
  readonly url: string
  readonly natsUrl: string
  /** A client's key. */
  readonly key: string
  /** Sends all of them, a number at once, and gives what each was answered. */
  attack(all: ReadonlyArray<Sent>, atOnce?: number): Promise<ReadonlyArray<Answered>>
  passed(ms: number): Promise<void>
}

/** Returns what its sender was answered. */
type Run = (target: Target) => Promise<ReadonlyArray<Answered>>

const mib = 2 ** 20
/** As much as the largest body takes, with room for its other members. */
const largest = 32 * mib - 4_096
/** How often, at full size and in the short run. */
const times = (full: number, short: number): number => (isFull ? full : short)
const many = <T>(count: number, make: (nth: number) => T): ReadonlyArray<T> =>
  Array.from({ length: count }, (_, nth) => make(nth))

const chat = (model: string, more = ""): string =>
  `{"model":${JSON.stringify(model)},"messages":[{"role":"user","content":"hello"}]${more}}`

const absurd = [
  "9007199254740991",
  "1e308",
  "1e999",
  "-1",
  "0.5",
  '"9007199254740991"',
  '"many"',
  "null",
  "[]",
  "99999999999999999999",
]

const budgets = (number: string): ReadonlyArray<Sent> => [
  { body: chat("demo-gpt", `,"max_tokens":${number}`) },
  { body: chat("demo-gpt", `,"max_completion_tokens":${number},"n":${number}`) },
  { path: "/v1/responses", body: `{"model":"demo-gpt","input":"hello","max_output_tokens":${number}}` },
  { path: "/v1/messages", body: chat("sim-anthropic", `,"max_tokens":${number}`) },
  {
    path: "/v1beta/models/sim-gemini:generateContent",
    body: `{"contents":[{"parts":[{"text":"hello"}]}],"generationConfig":{"maxOutputTokens":${number}}}`,
  },
]

const tokens: Run = async ({ attack }) => {
  const asked = absurd.flatMap(budgets)
  const slow = { "x-sim-ttft-ms": "2000", "x-sim-service-ms": "3000" }
  const leaving = asked.map((one) => ({ ...one, headers: slow, leavesAfterMs: 150 }))
  const used = absurd.map((number) => ({
    body: chat("demo-gpt").replace("demo-gpt", `figures-${number.replaceAll('"', "")}`),
  }))
  const simulated = many(10, () => ({
    body: chat("demo-gpt"),
    headers: { "x-sim-input-tokens": "10000000", "x-sim-cached-tokens": "10000000" },
  }))
  return attack([...asked, ...leaving, ...used, ...simulated])
}

const names: Run = async ({ attack }) => [
  ...(await attack(
    many(times(4, 1), () => ({ body: chat("m".repeat(4_300_000)) })),
    2,
  )),
  ...(await attack(
    many(40, (nth) => ({ body: chat(`unknown-${"n".repeat(200_000)}${nth}`) })),
    40,
  )),
  ...(await attack(many(20, (nth) => ({ body: chat(`unknown-\u0000\u001b[2J\r\n\u202e${nth}`) })))),
  ...(await attack(
    many(times(12, 2), () => ({ body: chat("m".repeat(30_000_000)) })),
    2,
  )),
]

/** The model of an upstream that reads bodies without understanding them, as the simulated one does. */
const blind = "figures-1"

/** Sends a body of millions of empty messages, so many times at once. */
const hugeBodies =
  (count: number): Run =>
  ({ attack }) => {
    const body = Buffer.from(`{"model":"${blind}","messages":[${"{},".repeat(largest / 3 - 100)}{}]}`)
    return attack(
      many(count, () => ({ body })),
      count,
    )
  }

const bodies: Run = async (target) => {
  const nested = Buffer.from(`{"model":"${blind}","messages":${"[".repeat(mib)}${"]".repeat(mib)}}`)
  const text = Buffer.from(`{"model":"${blind}","messages":[{"content":"${"x".repeat(largest - 1_000)}"}]}`)
  const { attack } = target
  return [
    ...(await hugeBodies(times(8, 4))(target)),
    ...(await attack(
      many(4, () => ({ body: nested })),
      4,
    )),
    ...(await attack(
      many(2, () => ({ body: text })),
      2,
    )),
    ...(await slowBodies(target)),
  ]
}

/** Bodies that are announced, begun, and never ended: they hold their room until their senders leave. */
const slowBodies = async ({ url, key, passed }: Target): Promise<ReadonlyArray<Answered>> => {
  const sockets = await connections(url, 16)
  for (const socket of sockets)
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${largest}\r\n\r\n{"model":"demo-gpt","x":"${"y".repeat(100_000)}`,
    )
  await passed(times(10_000, 1_500))
  for (const socket of sockets) socket.destroy()
  return []
}

const connections = async (url: string, count: number): Promise<ReadonlyArray<Socket>> => {
  const { port, hostname } = new URL(url)
  const sockets = many(count, () => connect({ port: Number(port), host: hostname }))
  for (const socket of sockets) socket.on("error", () => undefined)
  await Promise.all(sockets.map((socket) => Promise.race([once(socket, "connect"), once(socket, "close")])))
  return sockets
}

const unknownModels: Run = ({ attack }) =>
  attack([
    ...many(times(20_000, 1_500), (nth) => ({ body: chat(`unknown-${"y".repeat(nth % 7)}${nth}`) })),
    ...many(times(400, 40), (nth) => ({ body: chat(`a${"unknown".repeat(30)}${nth}-y`) })),
  ])

const upstream =
  (model: string, count: number, atOnce = 4): Run =>
  ({ attack }) =>
    attack(
      many(count, () => ({ body: chat(`${model}-1`) })),
      atOnce,
    )

const answers: Run = async (target) => [
  ...(await upstream("pairs", times(8, 2))(target)),
  ...(await target.attack(
    many(times(8, 2), () => ({ path: "/v1/embeddings", body: '{"model":"embeddings-1","input":"x"}' })),
    4,
  )),
  ...(await upstream("interim", times(40, 4))(target)),
]

const endless: Run = async ({ attack }) =>
  attack(
    many(times(40, 8), () => ({ body: chat("endless-1", ',"stream":true') })),
    8,
  )

const absurdHeaders: Run = (target) => upstream("headers", times(40, 10), 10)(target)

const crowded: Run = (target) => upstream("crowded", times(100, 20), 20)(target)

const floods: Run = async ({ attack, url, passed }) => {
  const count = times(10_000, 800)
  const wrong = await attack(
    many(count, (nth) => ({ body: chat("demo-gpt"), headers: { authorization: `Bearer wrong-${nth}` } })),
  )
  const paths = await attack(many(count, (nth) => ({ path: `/v1/nothing/${nth}`, body: "{}" })))
  const silent = await connections(url, times(3_000, 500))
  await passed(times(15_000, 1_000))
  for (const socket of silent) socket.destroy()
  return [...wrong, ...paths]
}

const operations: Run = async ({ natsUrl }) => {
  const connection = await connectToLog(natsUrl, "hostile operator")
  const by = ["x".repeat(100_000), "", 7, null, "\u0000\u001b[2J", "cli"]
  const numbers = [9007199254740991, 1e308, -1, 0.5, "adaptive", "7", null]
  const asked = [
    ...by.flatMap((who) =>
      numbers.map((limit) => ({ type: "set_limit", limited: "account/slow-a", limit, by: who })),
    ),
    ...by.flatMap((who) =>
      numbers.map((windowCostUsd) => ({ type: "reset", actor: "account/slow-a", windowCostUsd, by: who })),
    ),
    ...by.flatMap((who) => [
      { type: "forget", limited: "slow", by: who },
      { type: "repair", actor: "channel/slow", isTrial: false, by: who },
      { type: "nothing", by: who },
    ]),
    { type: "diagnose", model: "m".repeat(100_000) },
    { type: "state", subject: "sluice.log.*" },
    [],
    7,
  ]
  for (const one of asked)
    await connection.nats.request(operationSubject, JSON.stringify(one), { timeout: 10_000 })
  await connection.nats.request(operationSubject, "{ no JSON", { timeout: 10_000 })
  await connection.close()
  return []
}

/** Within which bars whoever tries it is answered: the codes of answers, and how long they take at most. */
interface Bars {
  readonly codes?: RegExp
  readonly tookMs?: number
}

/** What is tried, under a name that says it. */
export const attacks: Readonly<Record<string, { readonly run: Run; readonly bars: Bars }>> = {
  "clients ask for absurd numbers of tokens and leave, and upstreams claim them": {
    run: tokens,
    bars: {},
  },
  "models have names of megabytes, and of control characters": {
    run: names,
    bars: { codes: /^(invalid_body|model_not_found|body_budget_exceeded|)$/u },
  },
  "bodies are as large, as deep and as slow as they may be": { run: bodies, bars: {} },
  "thousands of models are asked for that nobody knows": { run: unknownModels, bars: {} },
  "an upstream answers with as many bytes and interim answers as it can": { run: answers, bars: {} },
  "an upstream goes on for ever after the end of its answer": {
    run: endless,
    bars: { tookMs: 10_000 },
  },
  "an upstream names times that never come": {
    run: absurdHeaders,
    bars: { tookMs: queueTimeoutMs + 10_000 },
  },
  "an upstream always says that it has too many at once": {
    run: crowded,
    bars: { tookMs: queueTimeoutMs + 5_000 },
  },
  "wrong keys, unknown paths and silent connections come in a flood": { run: floods, bars: {} },
  "an operator asks for what makes no sense": { run: operations, bars: {} },
}

/** What is done before anything is measured, so that all that code, caches and the allocator keep is there. */
export const warmUp: Run = async (target) => [
  ...(await floods(target)),
  ...(await hugeBodies(4)(target)),
  ...(await endless(target)),
]
