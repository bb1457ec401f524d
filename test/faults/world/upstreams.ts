import type { Clock } from "@sluice/infra/clock/clock.ts"
import type { Lease } from "@sluice/ingress/admission/lease.ts"
import type { Call, Upstream } from "@sluice/simulation/provider/upstream.ts"
import { VirtualProvider } from "@sluice/simulation/provider/virtual-provider.ts"
import { ProviderBehaviour } from "@sluice/simulation/scenario/scenario.ts"
import { Schema } from "effect"
import type { FaultPlan } from "../fault-plan.ts"
import { LimitHistory } from "./account-slots.ts"

/** What the upstreams are watched with. */
export interface UpstreamsOptions {
  readonly clock: Clock
  readonly plan: FaultPlan
  readonly random: () => number
  /** When a lease was granted. */
  grantedAt(lease: string): number
  onViolation(message: string): void
}

const behaviourOf = Schema.decodeUnknownSync(ProviderBehaviour)

/**
 * The providers of all accounts, which count what is in flight, whoever sent it.
 *
 * More than the highest limit that was in force since the grant of the call that arrives is too much.
 * Source: A2.
 */
export class Upstreams {
  readonly channelLimits: LimitHistory
  readonly #options: UpstreamsOptions
  readonly #providers = new Map<string, Upstream>()
  readonly #limits = new Map<string, LimitHistory>()
  readonly #inFlight = new Map<string, number>()
  #arriving: (Call & { readonly lease?: Lease }) | undefined

  constructor(options: UpstreamsOptions) {
    const { clock, plan, random } = options
    this.#options = options
    this.channelLimits = new LimitHistory(clock)
    for (const { id } of plan.accounts) {
      this.#limits.set(id, new LimitHistory(clock))
      this.#providers.set(
        id,
        this.#watched(
          new VirtualProvider({
            clock,
            random,
            behaviour: behaviourOf({ noise: plan.noise, outages: plan.outages }),
            endMs: clock.now() + 1_000_000,
            observer: {
              onInFlight: (inFlight) => this.#onInFlight(id, inFlight),
              onCapacity: () => undefined,
              onOutage: () => undefined,
              onAccepted: () => undefined,
            },
          }),
        ),
      )
    }
  }

  /** Returns the provider of an account. */
  of(account: string): Upstream {
    const provider = this.#providers.get(account)
    if (provider === undefined) throw new Error(`no provider of ${account}`)
    return provider
  }

  /** Returns the limits that an account has had. */
  limitsOf(account: string): LimitHistory | undefined {
    return this.#limits.get(account)
  }

  /** How many calls are in flight, over all accounts. */
  get inFlight(): number {
    return [...this.#inFlight.values()].reduce((sum, one) => sum + one, 0)
  }

  #watched(provider: Upstream): Upstream {
    return {
      arrive: (call) => {
        this.#arriving = call
        provider.arrive(call)
        this.#arriving = undefined
      },
      leave: (call) => provider.leave(call),
    }
  }

  #onInFlight(account: string, inFlight: number): void {
    const isMore = inFlight > (this.#inFlight.get(account) ?? 0)
    this.#inFlight.set(account, inFlight)
    const lease = this.#arriving?.lease
    if (!isMore || lease === undefined) return
    const since = this.#options.grantedAt(lease.lease)
    this.#compare(`account ${account}`, inFlight, this.#limits.get(account)?.highestSince(since))
    this.#compare("the channel", this.inFlight, this.channelLimits.highestSince(since))
  }

  #compare(whose: string, inFlight: number, limit: number | undefined): void {
    if (limit !== undefined && inFlight > limit)
      this.#options.onViolation(
        `A2: ${inFlight} in flight at the upstream of ${whose}, whose limit is ${limit}`,
      )
  }
}
