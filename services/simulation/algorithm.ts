import { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import { Option, Schema } from "effect"
import { type Algorithm, algorithms } from "./algorithm-name.ts"
import type { Scenario } from "./scenario/scenario.ts"

/** An account's limits as a configuration file writes them. */
export interface WrittenLimits extends Partial<Pick<AccountConfiguration, "rpm" | "tpm">> {
  readonly concurrency: unknown
}

/**
 * Says which configuration of an account an algorithm means; `capacity` is how many the provider takes now (`null` = any number).
 *
 * Source: F8.
 */
export const writtenLimits = (
  algorithm: Algorithm,
  {
    limit,
    provider,
  }: Pick<Scenario, "limit"> & {
    readonly provider: Pick<Scenario["provider"], "requests" | "tokens">
  },
  capacity: number | null,
): WrittenLimits => {
  const { initial, min, max, fixed } = limit
  if (algorithm === "fixed") return { concurrency: fixed }
  if (algorithm !== "oracle") return { concurrency: { adaptive: { algorithm, initial, min, max } } }
  // A limit that is learned between bounds that leave nothing to learn: a fixed one would be lowered by every rejection (C3). Nothing at all is no limit that a configuration can say.
  const known = Math.max(1, capacity ?? max)
  return {
    concurrency: { adaptive: { initial: known, min: known, max: known } },
    rpm: provider.requests?.perMinute ?? null,
    tpm: provider.tokens?.perMinute ?? null,
  }
}

const Limits = Schema.Struct({ concurrency: AccountConfiguration.fields.concurrency })
const isUnderstood = Schema.decodeUnknownOption(Limits)

/** Lists the algorithms that the accounts of this version can be configured with. */
export const availableAlgorithms = (): ReadonlyArray<Algorithm> => {
  const limit = { initial: 1, min: 1, max: 1, fixed: 1 }
  const provider = { requests: null, tokens: null }
  return algorithms.filter((algorithm) => {
    const { concurrency } = writtenLimits(algorithm, { limit, provider }, 1)
    return Option.isSome(isUnderstood({ concurrency }))
  })
}
