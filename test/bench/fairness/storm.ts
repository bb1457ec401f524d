import { setTimeout as pause } from "node:timers/promises"
import type { Contestant } from "../contestants/contestant.ts"
import type { SluiceContestant } from "../contestants/sluice.ts"
import { atOnce, leavingAtRandom } from "./arrivals.ts"
import { drive } from "./drive.ts"
import { stormModel } from "./fairness-configuration.ts"
import type { FairnessPlan, Storm } from "./fairness-report.ts"
import { countUnpairedLeases } from "./leases.ts"
import { countAnew, statsOf, untilInFlight } from "./upstream-slots.ts"

const seed = 1
const settleTimeoutMs = 10_000
const lookEveryMs = 100

/** Sends requests as fast as they go, most of them given up while they wait or are served, and looks at what is left. Source: A2, A9. */
export const measureStorm = async (
  sluice: SluiceContestant,
  upstream: Contestant,
  { slots, serviceMs, storm: { requests, connections, part, withinMs } }: FairnessPlan,
): Promise<Storm> => {
  await countAnew(upstream)
  const arrivals = leavingAtRandom(atOnce(requests), { part, withinMs, seed })
  const answers = await drive(sluice, { arrivals, serviceMs, connections, model: stormModel })
  await untilInFlight(upstream, 0)
  const countAtOnce = async () => {
    const all = await drive(sluice, { arrivals: atOnce(slots), serviceMs, model: stormModel })
    return all.filter(({ status, waitMs }) => status === 200 && waitMs === 0).length
  }
  const free = await settled(countAtOnce, slots)
  const unpairedLeases = await settled(() => countUnpairedLeases(sluice.natsUrl), 0)
  const { peakOffered, rejected } = await statsOf(upstream)
  return {
    sent: answers.length,
    left: answers.filter(({ status }) => status === null).length,
    served: answers.filter(({ status }) => status === 200).length,
    peakOffered,
    aboveLimit: rejected.concurrency,
    atOnce: free,
    unpairedLeases,
  }
}

/** Counts again while slots are still held after the last aborts and their facts are on their way, and gives what is left then. */
const settled = async (count: () => Promise<number>, wanted: number): Promise<number> => {
  const deadline = performance.now() + settleTimeoutMs
  let counted = await count()
  while (counted !== wanted && performance.now() < deadline) {
    await pause(lookEveryMs)
    counted = await count()
  }
  return counted
}
