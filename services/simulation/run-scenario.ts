import { limitOf } from "@sluice/actors/group/group.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import type { Algorithm } from "./algorithm-name.ts"
import type { Figures } from "./figures/figures.ts"
import { IdealService } from "./figures/ideal-service.ts"
import { Recorder } from "./figures/recorder.ts"
import { VirtualProvider } from "./provider/virtual-provider.ts"
import { accountName, configurationOf } from "./scenario/scenario-configuration.ts"
import type { Scenario } from "./scenario/scenario.ts"
import { drawTraffic } from "./scenario/traffic.ts"
import { VirtualClock } from "./virtual-clock.ts"
import { VirtualNode } from "./virtual-node.ts"
import { VirtualRequest } from "./virtual-request.ts"

/** One run of a scenario. */
export interface Run {
  readonly scenario: Scenario
  readonly algorithm: Algorithm
  readonly seed: number
}

/** When virtual time begins; whole minutes since the epoch, so that a provider's minutes are those of the scenario. */
const startMs = 1_790_000_040_000

/** Runs a scenario in virtual time: the actors and the routing of the proxy, with traffic and providers that are drawn from the seed. Fails: rejects with `AlgorithmUnknown`. */
export const runScenario = (run: Run): Promise<Figures> => new ScenarioRun(run).finish()

/** What a run looked like at one instant. Units: `atMs` since its start. */
export interface Sample {
  readonly atMs: number
  /** How many the providers would take at once; `null` = any number. */
  readonly capacity: number | null
  readonly limit: number | null
  readonly inFlight: number
  /** 429s since the last sample. */
  readonly rejections: number
}

/** Runs a scenario and looks at it again and again. Fails: as `runScenario`. */
export const sampleScenario = async (
  run: Run,
  everyMs: number,
): Promise<{ readonly figures: Figures; readonly samples: ReadonlyArray<Sample> }> => {
  const started = new ScenarioRun(run)
  const samples = started.sample(everyMs)
  return { figures: await started.finish(), samples }
}

class ScenarioRun {
  readonly #run: Run
  readonly #clock = new VirtualClock(startMs)
  readonly #recorder = new Recorder(this.#clock)
  /** One for each model that has slots of its own, or one for all. */
  readonly #ideals = new Map<string | null, IdealService>()
  readonly #capacities: Array<Map<string | null, number | null>>
  readonly #providers: ReadonlyMap<string, VirtualProvider>
  readonly #node: VirtualNode
  readonly #endMs: number
  #capacity: number | null = null
  #limit: number | null = null

  constructor(run: Run) {
    const { scenario, seed } = run
    this.#run = run
    this.#endMs = startMs + scenario.durationS * 1000
    const places = Array.from({ length: scenario.accounts }, (_, place) => place)
    this.#capacities = places.map(() => new Map())
    const models = Object.keys(scenario.provider.perModel)
    for (const model of models.length > 0 ? models : [null])
      this.#ideals.set(model, new IdealService(this.#clock, scenario.queue))
    this.#providers = new Map(places.map((place) => [accountName(place), this.#provider(place)]))
    this.#node = new VirtualNode({
      clock: this.#clock,
      wanted: this.#wanted(),
      random: seededRandom(seed, "jitter"),
      onFacts: () => this.#lookAtLimit(),
      onCompleted: (request) => this.#recorder.onCompleted(request),
    })
    this.#lookAtLimit()
    this.#drawRequests()
  }

  /** Lets the whole of it happen, and sums up. */
  async finish(): Promise<Figures> {
    await this.#clock.run(this.#endMs)
    const { requests } = this.#run.scenario.provider
    if (requests === null) {
      const busyMs = [...this.#ideals.values()].reduce((sum, ideal) => sum + ideal.busyMs(), 0)
      return this.#recorder.figures({ busyMs })
    }
    const { accounts, durationS } = this.#run.scenario
    const allowed = (accounts * requests.perMinute * durationS) / 60
    return this.#recorder.figures({ requests: Math.min(allowed, this.#recorder.requests) })
  }

  /** Looks at it from now on; the samples come as time passes. */
  sample(everyMs: number): ReadonlyArray<Sample> {
    const samples: Array<Sample> = []
    let counted = 0
    const look = (): void => {
      const { inFlight, rejections } = this.#recorder
      const atMs = this.#clock.now() - startMs
      const since = rejections - counted
      samples.push({ atMs, capacity: this.#capacity, limit: this.#limit, inFlight, rejections: since })
      counted = rejections
      if (this.#clock.now() < this.#endMs) this.#clock.at(this.#clock.now() + everyMs, look)
    }
    look()
    return samples
  }

  #wanted() {
    const { scenario, algorithm } = this.#run
    const capacities = this.#capacities.map((ofProvider) => {
      const all = ofProvider.get(null) ?? null
      const models = [...ofProvider].flatMap(([model, capacity]) => (model === null ? [] : [capacity ?? 0]))
      if (models.length === 0) return all
      return Math.min(
        all ?? Infinity,
        models.reduce((sum, capacity) => sum + capacity, 0),
      )
    })
    return configurationOf(scenario, algorithm, capacities)
  }

  #provider(place: number): VirtualProvider {
    const { scenario, seed } = this.#run
    let inFlight = 0
    return new VirtualProvider({
      clock: this.#clock,
      behaviour: scenario.provider,
      random: seededRandom(seed, `provider ${place}`),
      endMs: this.#endMs,
      observer: {
        onInFlight: (next) => {
          this.#recorder.addInFlight(next - inFlight)
          inFlight = next
        },
        onCapacity: (capacity, model) => this.#onCapacity(place, capacity, model),
        // The accounts of a scenario are alike, so that all are out at once.
        onOutage: (isOut) => this.#ideals.forEach((ideal) => ideal.setOut(isOut)),
        onAccepted: () => this.#recorder.onAccepted(),
      },
    })
  }

  #onCapacity(place: number, capacity: number | null, model: string | null): void {
    this.#capacities[place]?.set(model, capacity)
    const all = this.#capacities.map((ofProvider) => ofProvider.get(model))
    if (all.some((one) => one === undefined)) return
    const total = all.reduce<number>((sum, one) => sum + (one ?? Infinity), 0)
    this.#ideals.get(model)?.setCapacity(total)
    if (model === null && total !== Infinity) this.#noteTruth(total)
    if (this.#node !== undefined && this.#run.algorithm === "oracle")
      this.#node.apply({ wanted: this.#wanted(), by: "file" })
  }

  #noteTruth(total: number): void {
    const { concurrency, strangers } = this.#run.scenario.provider
    const isStepwise = typeof concurrency === "number" || (concurrency !== null && "steps" in concurrency)
    const { convergence } = this.#recorder
    this.#capacity = total
    if (isStepwise && strangers === null) convergence.onTruth(total, this.#clock.now())
    else convergence.onDrift(total, this.#clock.now())
  }

  #lookAtLimit(): void {
    let limit: number | null = 0
    for (const { subject } of this.#node?.channels.values() ?? []) {
      const ofChannel = limitOf(subject.state)
      limit = limit === null || ofChannel === null ? null : limit + ofChannel
    }
    this.#limit = limit
    this.#recorder.convergence.onLimit(limit, this.#clock.now())
  }

  #drawRequests(): void {
    const { scenario, seed } = this.#run
    const { network, provider } = scenario
    const travel = seededRandom(seed, "network")
    const around = {
      clock: this.#clock,
      node: this.#node,
      networkMs: () => network.fromMs + travel() * (network.toMs - network.fromMs),
      random: seededRandom(seed, "retries"),
      isMetered: provider.tokens !== null,
      upstreamOf: (account: string) => this.#providers.get(account) ?? unknownAccount(account),
      onAttempt: () => this.#recorder.onAttempt(),
      onFailed: (_: unknown, failure: Parameters<Recorder["onFailed"]>[0]) =>
        this.#recorder.onFailed(failure),
    }
    drawTraffic(scenario, {
      clock: this.#clock,
      seed,
      onArrival: (demand) => {
        this.#recorder.requests += 1
        const ideal = this.#ideals.get(null) ?? this.#ideals.get(demand.model)
        ideal?.arrive(demand.work.serviceMs + provider.countsLongerMs)
        new VirtualRequest(around, demand, `r${this.#recorder.requests}`).start()
      },
    })
  }
}

const unknownAccount = (account: string): never => {
  throw new Error(`no provider behind ${account}`)
}
