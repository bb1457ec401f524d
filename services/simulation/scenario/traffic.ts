import type { Clock } from "@sluice/infra/clock/clock.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import type { Demand } from "../demand.ts"
import { drawExponential, drawLogNormal, logNormal, type LogNormal, meanOf } from "../random.ts"
import { highest, levelAt } from "./level.ts"
import type { Scenario } from "./scenario.ts"

const serviceTimeOf = ({ medianMs, p95OverP50 }: Scenario["service"]): LogNormal =>
  logNormal({ median: medianMs, p95OverP50 })

/** Returns how many requests a second the accounts of a scenario can serve at their best. */
export const bestPerSecond = ({ provider, service, accounts }: Scenario): number => {
  const holdS = (meanOf(serviceTimeOf(service)) + provider.countsLongerMs) / 1000
  const perModel = Object.values(provider.perModel).map(highest)
  const slots = Math.min(
    provider.concurrency === null ? Infinity : highest(provider.concurrency),
    perModel.length === 0 ? Infinity : perModel.reduce((sum, level) => sum + level, 0),
  )
  const tokens = service.inputTokens + service.outputTokens
  const best = Math.min(
    slots / holdS,
    (provider.requests?.perMinute ?? Infinity) / 60,
    (provider.tokens?.perMinute ?? Infinity) / 60 / tokens,
  )
  return accounts * (best === Infinity ? 10 : best)
}

/** Draws the requests of a scenario: Poisson arrivals whose rate may change, log-normal service times, clients and models by chance. */
export const drawTraffic = (
  scenario: Scenario,
  { clock, seed, onArrival }: { clock: Clock; seed: number; onArrival: (demand: Demand) => void },
): void => {
  const { traffic, durationS } = scenario
  const arrivals = seededRandom(seed, "arrivals")
  const perSecond = bestPerSecond(scenario)
  const most = highest(traffic.load)
  const startMs = clock.now()
  const endMs = startMs + durationS * 1000
  const draw = createDemands(scenario, seed)
  // Drawn at the highest rate, and thinned to the rate of the moment (Lewis and Shedler, 1979).
  let atMs = startMs
  const next = (): void => {
    atMs += drawExponential(arrivals, 1000 / (perSecond * most))
    if (atMs >= endMs || most === 0) return
    clock.at(atMs, () => {
      if (arrivals() * most < levelAt(traffic.load, atMs - startMs)) onArrival(draw())
      next()
    })
  }
  next()
}

const createDemands = ({ traffic, service }: Scenario, seed: number): (() => Demand) => {
  const random = seededRandom(seed, "demands")
  const serviceTime = serviceTimeOf(service)
  const models = Object.entries(traffic.models)
  const shares = models.reduce((sum, [, share]) => sum + share, 0)
  const drawModel = (): string => {
    let left = random() * shares
    return models.find(([, share]) => (left -= share) < 0)?.[0] ?? models[0]?.[0] ?? ""
  }
  const around = (mean: number) => Math.max(1, Math.round(mean * (0.5 + random())))
  return () => {
    const serviceMs = Math.max(1, Math.round(drawLogNormal(random, serviceTime)))
    const input = around(service.inputTokens)
    const output = around(service.outputTokens)
    return {
      client: `client-${1 + Math.floor(random() * traffic.clients)}`,
      protocol: "openai",
      model: drawModel(),
      pool: "pool",
      session: null,
      estimate: { inputTokens: input, outputTokens: service.maxTokens },
      deadlineMs: null,
      leavesAfterMs: null,
      work: {
        serviceMs,
        firstByteMs: Math.round(serviceMs * service.firstByteShare),
        tokens: { input, output, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
      },
    }
  }
}
