import type { Contestant } from "../contestants/contestant.ts"
import { percentileOrNaN } from "../figures.ts"
import { type Arrival, atRandom } from "./arrivals.ts"
import { drive } from "./drive.ts"
import type { FairnessPlan, HandOff, Waits } from "./fairness-report.ts"

const seed = 1

const arrivalsOf = ({ handOff: { perSecond, seconds } }: FairnessPlan): ReadonlyArray<Arrival> =>
  atRandom({ client: "polite", perSecond, seconds }, seed)

/** Loads all slots nearly to the full: one that is passed on late makes everybody behind it wait. Source: A6. */
export const measureHandOff = async (contestant: Contestant, plan: FairnessPlan): Promise<Waits> => {
  const { serviceMs } = plan
  const arrivals = arrivalsOf(plan)
  const answers = await drive(contestant, { arrivals, serviceMs })
  const waitsMs = answers
    .filter(({ status }) => status === 200)
    .map(({ latencyMs }) => Math.max(0, latencyMs - serviceMs))
  return figuresOf(answers.length, waitsMs)
}

/** Returns the waits where every slot passes on in the instant of its end, to the one who waits longest, and all else takes no time. */
export const idealHandOff = (plan: FairnessPlan): HandOff => {
  const timesMs = arrivalsOf(plan).map(({ atMs }) => atMs)
  return { contestant: "ideal", ...figuresOf(timesMs.length, idealWaitsMs(timesMs, plan)) }
}

/** Returns how long each of some requests waits for a slot, first come first served, where all take equally long. */
export const idealWaitsMs = (
  timesMs: ReadonlyArray<number>,
  { slots, serviceMs }: Pick<FairnessPlan, "slots" | "serviceMs">,
): ReadonlyArray<number> => {
  const endsMs: Array<number> = []
  return timesMs.map((atMs, at) => {
    // They end in the order in which they came: the slot is that of the one so many before.
    const startMs = Math.max(atMs, endsMs[at - slots] ?? 0)
    endsMs.push(startMs + serviceMs)
    return startMs - atMs
  })
}

const figuresOf = (sent: number, waitsMs: ReadonlyArray<number>): Waits => ({
  sent,
  served: waitsMs.length,
  waitP50Ms: percentileOrNaN(waitsMs, 0.5),
  waitP95Ms: percentileOrNaN(waitsMs, 0.95),
  waitP99Ms: percentileOrNaN(waitsMs, 0.99),
})
