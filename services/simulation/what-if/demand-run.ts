import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { PriceTable } from "@sluice/infra/prices/prices.ts"
import { ClientLimits } from "@sluice/ingress/admission/client-limits.ts"
import { createPricing, type ListCost } from "@sluice/ingress/usage/pricing.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import { VirtualClock } from "../virtual-clock.ts"
import { type CompletedRequest, VirtualNode } from "../virtual-node.ts"
import { type Surroundings, VirtualRequest } from "../virtual-request.ts"
import { ChannelUse, type Span } from "./channel-use.ts"
import { type Outcome, OutcomeCount } from "./outcome.ts"
import type { Providers } from "./provider/providers.ts"
import type { ConfigurationAt } from "./recording/recorded-configuration.ts"
import type { Arrival } from "./recording/recorded-demand.ts"
import type { RecordedReset } from "./recording/recording.ts"
import type { ServiceTimes } from "./recording/service-times.ts"

/** What is run in virtual time, and under which configuration. */
export interface DemandRunOptions {
  readonly span: Span
  readonly arrivals: ReadonlyArray<Arrival>
  /** The first holds from the beginning, each other from its time on. */
  readonly configurations: ReadonlyArray<ConfigurationAt>
  readonly resets: ReadonlyArray<RecordedReset>
  readonly times: ServiceTimes
  readonly providers: (clock: VirtualClock) => Providers
  readonly prices: PriceTable
  readonly seed: number
  readonly signal: AbortSignal
  /** Told now and then how much of the span has passed, 0…1. */
  readonly onProgress: (share: number) => void
}

/** Requests that wait without an end are given up so long after the last arrival. */
const longestEndMs = 3_600_000
const stepMs = 1_000
const progressSteps = 200

/** What stands in the outcome for a request that was still waiting when the run was ended. */
export const unfinishedCode = "unfinished"

/** Runs recorded demand in virtual time by the actors and the routing of the proxy, and sums up. Fails: rejects with the signal's reason. Source: R4. */
export const runDemand = (options: DemandRunOptions): Promise<Outcome> => new DemandRun(options).finish()

class DemandRun {
  readonly #options: DemandRunOptions
  readonly #clock: VirtualClock
  readonly #count = new OutcomeCount()
  readonly #uses = new Map<string, ChannelUse>()
  readonly #node: VirtualNode
  readonly #around: Surroundings
  readonly #limits: ClientLimits
  #open = 0

  constructor(options: DemandRunOptions) {
    const { span, configurations, prices, seed, times, providers } = options
    const [first] = configurations
    if (first === undefined) throw new Error("there is no configuration to begin with")
    this.#options = options
    this.#clock = new VirtualClock(span.fromMs)
    const pricing = createPricing(
      () => prices,
      () => undefined,
    )
    this.#node = new VirtualNode({
      clock: this.#clock,
      wanted: first.wanted,
      random: seededRandom(seed, "jitter"),
      costOf: (model, tokens): ListCost => pricing(model, tokens),
      onFacts: (channel, facts) => this.#onFacts(channel, facts),
      onCompleted: (request) => this.#onCompleted(request),
    })
    this.#limits = new ClientLimits({
      limitOf: (client) => this.#node.routes.limitOf(client),
      now: () => this.#clock.now(),
    })
    const made = providers(this.#clock)
    this.#around = {
      clock: this.#clock,
      node: this.#node,
      networkMs: (account) => made.networkMs(account),
      random: seededRandom(seed, "retries"),
      isMetered: true,
      upstreamOf: (account) => made.upstreamOf(account),
      workAt: ({ id: request, model }, { channel }) => times.workOf({ request, model }, channel.id),
    }
  }

  async finish(): Promise<Outcome> {
    const { span, configurations, resets } = this.#options
    for (const { atMs, wanted } of configurations.slice(1))
      this.#clock.at(atMs, () => this.#node.apply({ wanted, by: "file" }))
    for (const reset of resets) this.#clock.at(reset.atMs, () => this.#reset(reset))
    this.#arriveFrom(0)
    this.#follow()
    await this.#clock.run(span.toMs)
    const endMs = span.toMs + longestEndMs
    while (this.#open > 0 && this.#clock.now() < endMs) await this.#clock.run(this.#clock.now() + stepMs)
    for (; this.#open > 0; this.#open -= 1)
      this.#count.take({ code: unfinishedCode, attempts: [], waitMs: 0 })
    return this.#count.outcome([...this.#uses.values()].map(({ use }) => use))
  }

  /** One timer at a time, so that a long record does not stand in the clock as a whole. */
  #arriveFrom(place: number): void {
    const arrival = this.#options.arrivals[place]
    if (arrival === undefined) return
    this.#clock.at(arrival.recorded.arrivedAt, () => {
      this.#arriveFrom(place + 1)
      this.#arrive(arrival)
    })
  }

  #arrive({ recorded, demand }: Arrival): void {
    if (demand === undefined) return this.#refuse(recorded.code)
    const { client, protocol, model } = demand
    const excess = this.#limits.enter(client)
    if (excess !== undefined) return this.#refuse(excess.code)
    const pool = this.#node.routes.route(protocol, model, client)
    if (pool === undefined) {
      this.#limits.leave(client)
      return this.#refuse("model_not_found")
    }
    this.#open += 1
    new VirtualRequest(this.#around, { ...demand, pool: pool.id }, recorded.request).start()
  }

  #refuse(code: string): void {
    this.#count.take({ code, attempts: [], waitMs: 0 })
  }

  #onCompleted(request: CompletedRequest): void {
    this.#open -= 1
    this.#limits.leave(request.client)
    this.#count.take(request)
  }

  #onFacts(channel: string, facts: ReadonlyArray<Fact>): void {
    const use = this.#uses.get(channel) ?? new ChannelUse(channel, this.#options.span)
    this.#uses.set(channel, use)
    for (const fact of facts) {
      use.take(fact)
      if (fact.type === "account.usage_recorded") this.#count.costNanoUsd += fact.costNanoUsd
    }
  }

  #reset({ channel: id, account }: RecordedReset): void {
    const subject = this.#node.channels.get(id)?.subject
    if (subject === undefined) return
    if (account !== undefined && !subject.state.accounts.has(actorName("account", account))) return
    subject.execute({ type: "reset", by: "api:what-if", ...(account === undefined ? {} : { account }) })
  }

  #follow(): void {
    const { span, signal, onProgress } = this.#options
    const everyMs = Math.max(stepMs, Math.ceil((span.toMs - span.fromMs) / progressSteps))
    const look = (): void => {
      signal.throwIfAborted()
      const now = this.#clock.now()
      onProgress(Math.min(1, (now - span.fromMs) / (span.toMs - span.fromMs)))
      if (now < span.toMs || this.#open > 0) this.#clock.at(now + everyMs, look)
    }
    look()
  }
}
