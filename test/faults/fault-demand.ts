import type { Demand } from "@sluice/simulation/demand.ts"
import { drawExponential } from "@sluice/simulation/random.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import type { FaultPlan } from "./fault-plan.ts"

const sessions = 6

const sessionOf = (nth: number): Demand["session"] => ({
  id: `${nth}`.padStart(16, "0"),
  source: "header",
})

/** Makes the function that draws the requests of a plan, and how long it is until the next one. */
export const createDemands = (
  plan: FaultPlan,
): (() => { readonly demand: Demand; readonly nextMs: number }) => {
  const random = seededRandom(plan.seed, "demands")
  const amount = () => 1 + Math.floor(random() * 1_000)
  return () => {
    const serviceMs = 1 + Math.min(6 * plan.serviceMs, Math.floor(drawExponential(random, plan.serviceMs)))
    const tokens = { input: amount(), output: amount(), cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 }
    const isLeaving = random() < plan.leaving
    const leavesAfterMs = Math.floor(random() * 2 * serviceMs)
    const demand: Demand = {
      client: `client-${1 + Math.floor(random() * plan.clients)}`,
      protocol: "openai",
      model: "model",
      pool: "pool",
      session: random() < plan.inSession ? sessionOf(Math.floor(random() * sessions)) : null,
      estimate: { inputTokens: tokens.input, outputTokens: 1_000 },
      deadlineMs: null,
      leavesAfterMs: isLeaving ? leavesAfterMs : null,
      work: {
        serviceMs,
        firstByteMs: Math.floor(serviceMs * random()),
        tokens: { ...tokens, reasoning: 0 },
      },
    }
    return { demand, nextMs: drawExponential(random, 1_000 / plan.requestsPerS) }
  }
}
