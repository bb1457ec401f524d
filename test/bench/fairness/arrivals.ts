import { seededRandom } from "@sluice/simulator/seeded-random.ts"

/** Who asks. */
export type ClientName = "polite" | "greedy"

/** One request that comes at a time of its own, whatever has become of those before it. */
export interface Arrival {
  /** Since the begin of the load. */
  readonly atMs: number
  readonly client: ClientName
  /** How long after it was sent its client leaves; absent, it stays for the answer. */
  readonly leavesAfterMs?: number
}

/** How many requests of whom, for how long. */
export interface Rate {
  readonly client: ClientName
  readonly perSecond: number
  readonly seconds: number
}

/** Spreads requests evenly, each in the middle of its part of the time, so that two clients do not begin together. */
export const evenly = ({ client, perSecond, seconds }: Rate): ReadonlyArray<Arrival> =>
  Array.from({ length: Math.round(perSecond * seconds) }, (_, at) => ({
    client,
    atMs: ((at + 0.5) * 1_000) / perSecond,
  }))

/** Lets requests come independently of each other (a Poisson process), the same ones for the same seed. */
export const atRandom = ({ client, perSecond, seconds }: Rate, seed: number): ReadonlyArray<Arrival> => {
  const random = seededRandom(seed, "arrivals")
  const arrivals: Array<Arrival> = []
  const gapMs = () => (-Math.log(1 - random()) * 1_000) / perSecond
  for (let atMs = gapMs(); atMs < seconds * 1_000; atMs += gapMs()) arrivals.push({ client, atMs })
  return arrivals
}

/** Lets requests come all at once. */
export const atOnce = (
  count: number,
  arrival: Omit<Arrival, "atMs"> = { client: "polite" },
): ReadonlyArray<Arrival> => Array.from({ length: count }, () => ({ ...arrival, atMs: 0 }))

/** Lets some of the clients leave, each at a time of its own, the same ones for the same seed. Units: `part` is 0…1. */
export const leavingAtRandom = (
  arrivals: ReadonlyArray<Arrival>,
  { part, withinMs, seed }: { part: number; withinMs: number; seed: number },
): ReadonlyArray<Arrival> => {
  const random = seededRandom(seed, "leaving")
  return arrivals.map((arrival) =>
    random() < part ? { ...arrival, leavesAfterMs: random() * withinMs } : arrival,
  )
}

/** Lets requests come later by a span. */
export const after = (spanMs: number, arrivals: ReadonlyArray<Arrival>): ReadonlyArray<Arrival> =>
  arrivals.map((arrival) => ({ ...arrival, atMs: arrival.atMs + spanMs }))

/** Puts the requests of several clients in the order of their times. */
export const together = (...loads: ReadonlyArray<ReadonlyArray<Arrival>>): ReadonlyArray<Arrival> =>
  loads.flat().toSorted((one, other) => one.atMs - other.atMs)
