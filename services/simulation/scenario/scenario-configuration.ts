import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { Result, Schema } from "effect"
import type { Algorithm } from "../algorithm-name.ts"
import { writtenLimits } from "../algorithm.ts"
import type { Scenario } from "./scenario.ts"

/** This version of the actors knows nothing of an algorithm. */
export class AlgorithmUnknown extends Schema.TaggedError<AlgorithmUnknown>()("AlgorithmUnknown", {
  algorithm: Schema.String,
}) {
  override get message(): string {
    return `the accounts of this version cannot be configured with the algorithm ${this.algorithm}`
  }
}

const decode = Schema.decodeUnknownResult(ConfigurationFile)

/** Names an account by its place. */
export const accountName = (place: number): string => `account-${place + 1}`

/** Writes the configuration of a scenario under an algorithm; `capacities` holds how many each provider takes now. Fails: throws `AlgorithmUnknown`. */
export const configurationOf = (
  scenario: Scenario,
  algorithm: Algorithm,
  capacities: ReadonlyArray<number | null>,
): ConfigurationFile => {
  const models = Object.keys(scenario.traffic.models)
  const decoded = decode({
    pools: [{ id: "pool", models, tiers: [["channel"]] }],
    channels: [
      {
        id: "channel",
        protocol: "openai",
        baseUrl: "http://virtual",
        models,
        queueSize: scenario.queue.size,
        queueTimeoutMs: scenario.queue.timeoutMs,
        releaseLingerMs: algorithm === "oracle" ? scenario.provider.countsLongerMs : 0,
        accounts: capacities.map((capacity, place) => ({
          id: accountName(place),
          credential: "env:VIRTUAL",
          ...writtenLimits(algorithm, scenario, capacity),
        })),
      },
    ],
  })
  if (Result.isFailure(decoded)) throw new AlgorithmUnknown({ algorithm })
  return decoded.success
}
