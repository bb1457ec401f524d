import { request } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { openAsker } from "@sluice/infra/operations/operations.ts"
import { nodeFlags } from "@sluice/ingress/node-flags.ts"
import { startProduct } from "../product.ts"
import { openMemoryProbe } from "./process-memory.ts"
import { misdeeds, startRogueUpstream } from "./rogue-upstream.ts"

/** Whether this is the run by hand, at full size. */
export const isFull = process.env["SLUICE_HOSTILE_REST_SECONDS"] !== undefined

const keys = { quiet: "quiet-0123456789abcdef", hostile: "hostile-0123456789abcdef" }

/** How long a request may wait where an upstream has no room. */
export const queueTimeoutMs = 1_500

const account = (id: string) => ({ id: `${id}-a`, credential: "env:SLUICE_TEST_KEY" })

const configurationOf = (rogueUrl: string, providerUrl: string): Record<string, unknown> => {
  const limits = { maxConcurrent: 20, queueSize: 200, queueTimeoutMs }
  const well = {
    id: "well",
    protocol: "openai",
    baseUrl: providerUrl,
    models: ["demo-gpt"],
    maxConcurrent: 1_000,
  }
  const others = ["anthropic", "gemini"].map((protocol) => ({
    id: protocol,
    protocol,
    baseUrl: providerUrl,
    models: [`sim-${protocol}`],
  }))
  const rogues = Object.keys(misdeeds).map((id) => ({
    id,
    protocol: "openai",
    baseUrl: rogueUrl,
    models: [`${id}-*`, `*${id}*-x`],
  }))
  const channels = [well, ...others, ...rogues].map((channel) => ({
    ...limits,
    ...channel,
    accounts: [account(channel.id)],
  }))
  const pools = channels.map(({ id, models }) => ({ id, models, tiers: [[id]], drainTimeoutMs: 1_000 }))
  const clients = Object.keys(keys).map((id) => ({ id, key: `env:KEY_OF_${id.toUpperCase()}` }))
  return { settings: { bodyBudgetBytes: 256 * 1024 * 1024 }, channels, pools, clients }
}

/** What an attacker sends. */
export interface Attack {
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

const send = (
  url: string,
  { path = "/v1/chat/completions", body = "", headers = {}, leavesAfterMs }: Attack,
) => {
  const { promise, resolve } = Promise.withResolvers<Answered>()
  const sentAt = performance.now()
  const got = { status: 0, text: "", bytes: 0 }
  const sent = request(new URL(path, url), {
    method: "POST",
    agent: false,
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${keys.hostile}`,
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

/** A product that is attacked: a well channel for the quiet client, channels to simulated providers of all protocols, and one to a rogue upstream for each of its misdeeds. */
export type AttackedProduct = Awaited<ReturnType<typeof startAttackedProduct>>

/** Starts one, whose ingress can be asked for its memory. */
export const startAttackedProduct = async () => {
  await using starting = new AsyncDisposableStack()
  const rogue = starting.use(await startRogueUpstream())
  const product = starting.use(
    await startProduct({
      configuration: (providerUrl) => configurationOf(rogue.url, providerUrl),
      ingressFlags: [...nodeFlags, "--inspect=127.0.0.1:0"],
      ingressEnvironment: {
        KEY_OF_QUIET: keys.quiet,
        KEY_OF_HOSTILE: keys.hostile,
      },
    }),
  )
  const { ingress } = product.running
  const memory = starting.use(await openMemoryProbe(ingress.pid, ingress.said()))
  const asker = starting.use(await openAsker(product.nats.url))
  const stack = starting.move()
  return {
    url: ingress.url,
    natsUrl: product.nats.url,
    said: () => ingress.said(),
    memory,
    asker,
    /** What the quiet client says who it is with. */
    quiet: { authorization: `Bearer ${keys.quiet}` },
    /** Sends what a hostile client sends, so many times, a number of them at once. */
    attack: async (attacks: ReadonlyArray<Attack>, atOnce = 20): Promise<ReadonlyArray<Answered>> => {
      const rest = [...attacks]
      const answers: Array<Answered> = []
      const run = async (): Promise<void> => {
        for (let next = rest.shift(); next !== undefined; next = rest.shift())
          answers.push(await send(ingress.url, next))
      }
      await Promise.all(Array.from({ length: atOnce }, run))
      return answers
    },
    /** Lets a time pass. */
    passed: (ms: number): Promise<void> => pause(ms),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
