import type { ProviderSettings } from "@sluice/simulator/settings.ts"
import type { Processes } from "../processes.ts"
import type { StreamPlan } from "../stream-load.ts"
import { clientHeaders, type Contestant, nothingBehind } from "./contestant.ts"

const simulator = new URL("../../../services/simulator/main.ts", import.meta.url).href

/** Starts the one simulated provider behind all contestants, which answers at once; asked directly it is one itself. */
export const startUpstream = async (processes: Processes): Promise<Contestant> => {
  const started = processes.start({ name: "upstream", script: simulator, args: ["--service-ms", "0"] })
  const { url } = (await started.announced()) as { url: string }
  return { name: "direct", url, headers: clientHeaders, pid: started.pid, settled: nothingBehind }
}

/**
 * Returns the upstream the pace of a plan's streams, each exactly alike.
 *
 * It is set there and not asked for in headers: some contestants pass on the headers of clients and some do not.
 */
export const setStreamPace = (upstream: Contestant, plan: StreamPlan): Promise<void> => {
  const { firstChunkMs, chunkGapMs, chunks } = plan
  const pace = { serviceMs: null, firstTokenMs: firstChunkMs, tokensPerSecond: 1_000 / chunkGapMs }
  return configureUpstream(upstream, { ...pace, outputTokens: chunks, jitter: 0 })
}

/** Changes settings of the upstream while it runs. Fails: rejects when it refuses them. */
export const configureUpstream = async (
  { url }: Contestant,
  change: Partial<ProviderSettings>,
): Promise<void> => {
  const response = await fetch(`${url}/__config`, { method: "POST", body: JSON.stringify(change) })
  if (!response.ok) throw new Error(`the upstream refused its settings: ${await response.text()}`)
}
