import type { Contestant } from "../contestants/contestant.ts"
import { startHaproxy } from "../contestants/haproxy.ts"
import { startSluice } from "../contestants/sluice.ts"
import { configureUpstream, startUpstream } from "../contestants/upstream.ts"
import { inTurns } from "../in-turns.ts"
import { describeMachine } from "../machine.ts"
import type { Processes } from "../processes.ts"
import { fairnessBars } from "./fairness-bars.ts"
import { fairnessConfiguration, otherKeys } from "./fairness-configuration.ts"
import type { FairnessPlan, FairnessReport } from "./fairness-report.ts"
import { idealHandOff, measureHandOff } from "./hand-off.ts"
import { measureLeaving } from "./leaving.ts"
import { measureSharing } from "./sharing.ts"
import { measureStorm } from "./storm.ts"
import { untilInFlight } from "./upstream-slots.ts"

/** Starts an upstream with few slots and what stands before it, and measures who gets them; `say` hears what is being done. */
export const runFairness = async (
  processes: Processes,
  options: { plan: FairnessPlan; withHaproxy: boolean; say: (line: string) => void },
): Promise<FairnessReport> => {
  const { plan, withHaproxy, say } = options
  const { slots, queueSize, abortHoldMs } = plan
  const upstream = await startUpstream(processes)
  await configureUpstream(upstream, { concurrencyLimit: slots, abortHoldMs, jitter: 0 })
  const sluice = await startSluice(processes, fairnessConfiguration(upstream, plan), otherKeys)
  const contestants: ReadonlyArray<Contestant> = withHaproxy
    ? [sluice, await startHaproxy(processes, upstream, { concurrency: slots, queueSize })]
    : [sluice]
  const oneAfterTheOther = async <Found>(measure: (contestant: Contestant) => Promise<Found>) => {
    const found: Array<Found> = []
    for (const contestant of contestants) {
      found.push(await measure(contestant))
      await untilInFlight(upstream, 0)
      await contestant.settled()
    }
    return found
  }
  const { sharing, handOff, leaving, storm } = plan
  say(`a greedy client beside a polite one, ${sharing.seconds} s each`)
  const shares = await oneAfterTheOther((one) => measureSharing(one, plan))
  say(
    `${handOff.rounds} rounds of ${handOff.perSecond} requests a second at random, ${handOff.seconds} s each`,
  )
  const handOffs = await inTurns(contestants, handOff.rounds, (one) => measureHandOff(one, plan))
  say(`${leaving.leavers} clients that leave the queue`)
  const leavings = await oneAfterTheOther((one) => measureLeaving(one, upstream, plan))
  say(`a storm of ${storm.requests} requests, ${Math.round(storm.part * 100)} % of them given up`)
  const found = {
    plan,
    sharing: shares.flat(),
    handOff: [idealHandOff(plan), ...handOffs.medians],
    leaving: leavings,
    storm: await measureStorm(sluice, upstream, plan),
  }
  return { machine: describeMachine(), ...found, bars: fairnessBars(found) }
}
