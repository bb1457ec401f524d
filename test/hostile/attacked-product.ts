import { once } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { Worker } from "node:worker_threads"
import { openOperationsClient } from "@sluice/infra/operations/operations.ts"
import { memoryEnvironment, nodeFlags } from "@sluice/ingress/node-flags.ts"
import { startProduct } from "../product.ts"
import type { AttackerOrder, AttackerReport, AttackerStart } from "./attacker.ts"
import { type Answered, queueTimeoutMs } from "./attacks.ts"
import { openMemoryProbe } from "./process-memory.ts"
import { misdeeds } from "./rogue-upstream.ts"

const keys = { quiet: "quiet-0123456789abcdef", hostile: "hostile-0123456789abcdef" }

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

/** An attacker in a thread of its own, with its upstream, so that its work holds up nobody who measures. */
const startAttacker = async () => {
  const workerData: AttackerStart = { key: keys.hostile }
  const worker = new Worker(new URL("attacker.ts", import.meta.url), { workerData, execArgv: [] })
  const report = async (): Promise<AttackerReport> => {
    const [said] = (await once(worker, "message")) as [AttackerReport]
    if ("failed" in said) throw new Error(said.failed)
    return said
  }
  const first = await report()
  return {
    rogueUrl: "rogueUrl" in first ? first.rogueUrl : "",
    run: async (order: AttackerOrder): Promise<ReadonlyArray<Answered>> => {
      const reported = report()
      worker.postMessage(order)
      const said = await reported
      return "answers" in said ? said.answers : []
    },
    [Symbol.asyncDispose]: async () => {
      await worker.terminate()
    },
  }
}

/** A product that is attacked: a well channel for the quiet client, channels to simulated providers of all protocols, and one to a rogue upstream for each of its misdeeds. */
export type AttackedProduct = Awaited<ReturnType<typeof startAttackedProduct>>

/** Starts one, whose ingress can be asked for its memory. */
export const startAttackedProduct = async () => {
  await using starting = new AsyncDisposableStack()
  const attacker = starting.use(await startAttacker())
  const product = starting.use(
    await startProduct({
      configuration: (providerUrl) => configurationOf(attacker.rogueUrl, providerUrl),
      ingressFlags: [...nodeFlags, "--inspect=127.0.0.1:0"],
      ingressEnvironment: {
        ...memoryEnvironment,
        KEY_OF_QUIET: keys.quiet,
        KEY_OF_HOSTILE: keys.hostile,
      },
    }),
  )
  const { ingress } = product.running
  const memory = starting.use(await openMemoryProbe(ingress.pid, ingress.said()))
  const asker = starting.use(await openOperationsClient(product.nats.url))
  const stack = starting.move()
  return {
    url: ingress.url,
    natsUrl: product.nats.url,
    memory,
    asker,
    /** What the quiet client says who it is with. */
    quiet: { authorization: `Bearer ${keys.quiet}` },
    /** Runs an attack by its name, or without one what warms up, and gives what it was answered. */
    attack: (name?: string) => attacker.run({ name, url: ingress.url, natsUrl: product.nats.url }),
    /** Lets a time pass. */
    passed: (ms: number): Promise<void> => pause(ms),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
