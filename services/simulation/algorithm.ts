import type { AccountConfiguration } from "@sluice/events/account-configuration.ts"
import type { Scenario } from "./scenario/scenario.ts"

/** How the limit of an account is found: learned by one of the rules, told, or told by somebody who knows. Source: F8. */
export const algorithms = [
  "bracket",
  "aether",
  "aimd",
  "cubic",
  "gradient2",
  "vegas",
  "fixed",
  "oracle",
] as const
export type Algorithm = (typeof algorithms)[number]

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
  { limit, provider }: Pick<Scenario, "limit" | "provider">,
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
