import type { Contestant } from "../contestants/contestant.ts"
import { atOnce } from "./arrivals.ts"
import { drive } from "./drive.ts"
import type { FairnessPlan, Leaving } from "./fairness-report.ts"
import { countAnew, statsOf, untilInFlight } from "./upstream-slots.ts"

/**
 * Lets clients queue behind requests that hold every slot, and leave before one is free. Source: A8.
 *
 * Fails: rejects when a slot was free before all of them had left: then nothing was measured.
 */
export const measureLeaving = async (
  contestant: Contestant,
  upstream: Contestant,
  { slots, serviceMs, leaving: { holdMs, leavers, leaveAfterMs } }: FairnessPlan,
): Promise<Leaving> => {
  await countAnew(upstream)
  const queueAndLeave = async () => {
    await untilInFlight(upstream, slots)
    const arrivals = atOnce(leavers, { client: "polite", leavesAfterMs: leaveAfterMs })
    const answers = await drive(contestant, { arrivals, serviceMs })
    const { inFlight } = await statsOf(upstream)
    if (inFlight !== slots) throw new Error(`${slots - inFlight} slots were free before all clients had left`)
    return answers.filter(({ status }) => status === null).length
  }
  const [left] = await Promise.all([
    queueAndLeave(),
    drive(contestant, { arrivals: atOnce(slots), serviceMs: holdMs }),
  ])
  // Whoever still waits in the queue comes before one who asks now.
  await drive(contestant, { arrivals: atOnce(1), serviceMs })
  await untilInFlight(upstream, 0)
  const { requests } = await statsOf(upstream)
  return { contestant: contestant.name, left, reachedUpstream: requests - slots - 1 }
}
