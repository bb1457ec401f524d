import { startProduct } from "../product.ts"
import { until } from "../until.ts"

/** The key that the proxy knows its clients by; the accounts have the same one. */
export const clientKey = "sk-test-0123456789"

const protocols = ["openai", "anthropic", "gemini"] as const

/** Beside the models of the demo, each protocol has a model whose channel takes one request at a time and lets nobody wait. */
const configurationAt = (baseUrl: string) => ({
  pools: protocols.flatMap((protocol) => [
    { id: protocol, models: [`demo-${protocol}`], tiers: [[protocol]], drainTimeoutMs: 0 },
    {
      id: `${protocol}-narrow`,
      models: [`narrow-${protocol}`],
      tiers: [[`${protocol}-narrow`]],
      drainTimeoutMs: 0,
    },
  ]),
  channels: protocols.flatMap((protocol) => [
    channelAt(baseUrl, protocol, { id: protocol, models: [`demo-${protocol}`] }),
    channelAt(baseUrl, protocol, {
      id: `${protocol}-narrow`,
      models: [{ from: `narrow-${protocol}`, to: `demo-${protocol}` }],
      maxConcurrent: 1,
      queueSize: 0,
    }),
  ]),
  clients: [{ id: "team", key: "env:SLUICE_TEST_KEY" }],
})

const channelAt = (
  baseUrl: string,
  protocol: string,
  more: { readonly id: string; readonly [field: string]: unknown },
) => ({
  protocol,
  baseUrl,
  accounts: [{ id: `${more.id}-a`, credential: "env:SLUICE_TEST_KEY" }],
  ...more,
})

/** Starts the product as a client finds it: the models `demo-<protocol>` and `narrow-<protocol>`, and a key that is needed. */
export const startServed = async () => {
  const product = await startProduct({ configuration: configurationAt })
  const { provider } = product
  return {
    ...product,
    url: product.running.ingress.url,
    /** Runs something while the only slot of a narrow model is taken by a stream of this call. */
    whileTaken: async (take: (signal: AbortSignal) => Promise<unknown>, run: () => Promise<void>) => {
      const before = provider.stats().inFlight
      const leaving = new AbortController()
      // What held it before may have been seen to leave a moment ago only.
      const taken = (async () => {
        while (!leaving.signal.aborted) await take(leaving.signal).catch(() => undefined)
      })()
      await until(() => provider.stats().inFlight > before, "the slot is taken")
      await run()
      leaving.abort()
      await taken
      await until(() => provider.stats().inFlight === before, "the slot is free again")
    },
    /** Waits until the provider has seen a client leave since it had seen so many, and says how many it has seen now. */
    leftSince: async (before: number) => {
      await until(() => provider.stats().aborted > before, "the provider sees the client leave")
      return provider.stats().aborted
    },
  }
}

/** A `fetch` that counts its calls, to tell how often a client tries. */
export const countingFetch = (): { readonly fetch: typeof fetch; readonly calls: () => number } => {
  let count = 0
  const counted: typeof fetch = (input, init) => {
    count += 1
    return fetch(input, init)
  }
  return { fetch: counted, calls: () => count }
}

/** A stream that goes on for a minute unless somebody leaves. */
export const slowStream = { "x-sim-chunks": "600", "x-sim-chunk-gap-ms": "100", "x-sim-ttft-ms": "0" }

/** Makes an answer a call of the tool `weather`. */
export const toolCall = { "x-sim-tool-call": 'weather {"place":"Oslo"}' }

/** Fixes what an answer uses. */
export const fixedUsage = { "x-sim-input-tokens": "11", "x-sim-output-tokens": "3" }
