import { request } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { parentPort, workerData } from "node:worker_threads"
import { type Answered, attacks, type Sent, type Target, warmUp } from "./attacks.ts"
import { startRogueUpstream } from "./rogue-upstream.ts"

/** What an attacker is told when it starts. */
export interface AttackerStart {
  /** The key of its client. */
  readonly key: string
}

/** Which attack it is to run, and on what. */
export interface AttackerOrder {
  /** Nothing stands for the warm-up. */
  readonly name: string | undefined
  readonly url: string
  readonly natsUrl: string
}

/** What it says: where its upstream is, and then what each attack was answered, or why it failed. */
export type AttackerReport =
  | { readonly rogueUrl: string }
  | { readonly answers: ReadonlyArray<Answered> }
  | { readonly failed: string }

const { key } = workerData as AttackerStart

const send = (
  url: string,
  { path = "/v1/chat/completions", body = "", headers = {}, leavesAfterMs }: Sent,
) => {
  const { promise, resolve } = Promise.withResolvers<Answered>()
  const sentAt = performance.now()
  const got = { status: 0, text: "", bytes: 0 }
  const sent = request(new URL(path, url), {
    method: "POST",
    agent: false,
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${key}`,
      "content-length": Buffer.byteLength(body),
      ...headers,
    },
  })
  sent.on("response", (response) => {
    got.status = response.statusCode ?? 0
    response.on("data", (chunk: Buffer) => {
      got.bytes += chunk.length
      if (got.bytes < 10_000) got.text += chunk.toString()
    })
    response.on("error", () => undefined)
  })
  sent.on("error", () => undefined)
  sent.on("close", () => {
    const { status, text, bytes } = got
    const code = /"code":"(\w+)"/u.exec(text)?.[1] ?? ""
    resolve({ status, code, bytes, tookMs: performance.now() - sentAt })
  })
  sent.end(body)
  if (leavesAfterMs !== undefined) setTimeout(() => sent.destroy(), leavesAfterMs)
  return promise
}

const targetAt = ({ url, natsUrl }: AttackerOrder): Target => ({
  url,
  natsUrl,
  key,
  passed: (ms) => pause(ms),
  attack: async (all, atOnce = 20) => {
    const rest = [...all]
    const answers: Array<Answered> = []
    const run = async (): Promise<void> => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift())
        answers.push(await send(url, next))
    }
    await Promise.all(Array.from({ length: atOnce }, run))
    return answers
  },
})

const say = (report: AttackerReport): void => parentPort?.postMessage(report)

parentPort?.on("message", (order: AttackerOrder) => {
  const run = order.name === undefined ? warmUp : attacks[order.name]?.run
  if (run === undefined) throw new Error(`there is no attack ${order.name}`)
  run(targetAt(order)).then(
    (answers) => say({ answers }),
    (error: unknown) => say({ failed: String(error) }),
  )
})

const { url: rogueUrl } = await startRogueUpstream()
say({ rogueUrl })
