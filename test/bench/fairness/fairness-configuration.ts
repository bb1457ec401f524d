import type { Contestant } from "../contestants/contestant.ts"
import { oneChannel, type SluiceConfiguration } from "../contestants/sluice.ts"
import { keys } from "./clients.ts"
import type { FairnessPlan } from "./fairness-report.ts"

/** The model of the channel whose queue has a place for every request of the storm. */
export const stormModel = "gpt-4o"

/** What is in the environment beside the key of the first client. */
export const otherKeys = { SLUICE_BENCH_GREEDY_KEY: keys.greedy }

/** Two channels that differ in their queues before the upstream, two clients of equal weight, and attempts that end at once with their clients. */
export const fairnessConfiguration = (
  upstream: Contestant,
  { slots, queueSize, storm }: FairnessPlan,
): SluiceConfiguration => {
  const { pools, channels } = oneChannel(upstream, { concurrency: slots, queueSize })
  return {
    pools: [...pools, { id: "storm", models: [stormModel], tiers: [["storm"]], drainTimeoutMs: 0 }],
    channels: [
      ...channels,
      {
        id: "storm",
        protocol: "openai",
        baseUrl: upstream.url,
        models: [stormModel],
        maxConcurrent: slots,
        queueSize: storm.requests,
        accounts: [{ id: "storm-key", credential: "env:SLUICE_BENCH_CREDENTIAL", auth: "bearer" }],
      },
    ],
    clients: [
      { id: "polite", key: "env:SLUICE_BENCH_KEY" },
      { id: "greedy", key: "env:SLUICE_BENCH_GREEDY_KEY" },
    ],
  }
}
