import type { Clock } from "@sluice/infra/clock/clock.ts"
import type { Upstream } from "../../provider/upstream.ts"
import { ModelledProvider } from "./modelled-provider.ts"
import type { ProviderModel } from "./provider-model.ts"

/** Who answers the calls of accounts in virtual time. */
export interface Providers {
  upstreamOf(account: string): Upstream
  /** How long a message is under way, one way. */
  networkMs(account: string): number
}

/** A provider of which nothing is known takes everything. */
const open: Omit<ProviderModel, "account"> = {
  channel: "",
  roundTripMs: 0,
  concurrency: [],
  crowded: [],
  rates: [],
  episodes: [],
  noise: [],
  attempts: 0,
}

/**
 * Makes the providers of a run; an account that was not recorded is taken to be like the busiest one of its channel that was, and takes everything where there is none.
 *
 * Source: R4.
 */
export const createProviders = (
  models: ReadonlyMap<string, ProviderModel>,
  of: {
    readonly clock: Clock
    readonly channelOf: (account: string) => string | undefined
  },
): Providers => {
  const made = new Map<string, { readonly upstream: Upstream; readonly roundTripMs: number }>()
  const provider = (account: string) => {
    const known = made.get(account)
    if (known !== undefined) return known
    const model = models.get(account) ?? busiestOf(models, of.channelOf(account)) ?? { ...open, account }
    const one = { upstream: new ModelledProvider(model, of.clock), roundTripMs: model.roundTripMs }
    made.set(account, one)
    return one
  }
  return {
    upstreamOf: (account) => provider(account).upstream,
    networkMs: (account) => provider(account).roundTripMs / 2,
  }
}

const busiestOf = (
  models: ReadonlyMap<string, ProviderModel>,
  channel: string | undefined,
): ProviderModel | undefined =>
  [...models.values()]
    .filter((model) => model.channel === channel)
    .reduce<ProviderModel | undefined>(
      (most, model) => (most === undefined || model.attempts > most.attempts ? model : most),
      undefined,
    )
