import type { Contestant } from "../contestants/contestant.ts"
import { percentileOrNaN } from "../figures.ts"
import { after, atRandom, type ClientName, evenly, together } from "./arrivals.ts"
import { drive } from "./drive.ts"
import type { FairnessPlan, Share } from "./fairness-report.ts"

const seed = 1
const clients: ReadonlyArray<ClientName> = ["polite", "greedy"]

/**
 * Lets a greedy client ask for far more than there is, and a polite one for little. Source: A7.
 *
 * Before them come as many requests as can well be served, so that everything is warm and the slots end one after the other: taken all at once, they would all end at once too.
 */
export const measureSharing = async (
  contestant: Contestant,
  { serviceMs, sharing: { warmUp, seconds, perSecond } }: FairnessPlan,
): Promise<ReadonlyArray<Share>> => {
  const before = atRandom({ client: "greedy", ...warmUp }, seed)
  const loads = clients.map((client) => evenly({ client, perSecond: perSecond[client], seconds }))
  const arrivals = [...before, ...after(warmUp.seconds * 1_000, together(...loads))]
  const answers = (await drive(contestant, { arrivals, serviceMs })).slice(before.length)
  return clients.map((client) => {
    const own = answers.filter((answer) => answer.client === client)
    const latenciesMs = own.filter(({ status }) => status === 200).map(({ latencyMs }) => latencyMs)
    return {
      contestant: contestant.name,
      client,
      sent: own.length,
      served: latenciesMs.length,
      p50Ms: percentileOrNaN(latenciesMs, 0.5),
      p95Ms: percentileOrNaN(latenciesMs, 0.95),
      statuses: countBy(own.map(({ status }) => String(status))),
    }
  })
}

const countBy = (names: ReadonlyArray<string>): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]))
