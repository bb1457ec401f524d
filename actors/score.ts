import { channelOf, type Group, limitOf } from "./group.ts"
import { hasRoom } from "./limit.ts"

/** What routing sees of a channel. */
export interface Standing {
  readonly channel: string
  readonly weight: number
  /** In 0…1; never rises with in-flight, then waiting. */
  readonly score: number
  readonly hasFreeSlot: boolean
}

/** Channels whose scores lie this close share requests by weight. Source: B3. */
const nearBest = 0.1

/** Tells how good a place a channel is for the next request. Source: B3. */
export const standingOf = (group: Group): Standing => {
  const { config, leases, lanes } = channelOf(group)
  const limit = limitOf(group)
  const hasFreeSlot = lanes.size === 0 && hasRoom(limit, leases.size)
  const queueSize = config?.queueSize ?? 0
  const whileFree = limit === null ? 1 : 0.3 + 0.7 * (1 - leases.size / limit)
  const whileFull = queueSize === 0 ? 0 : 0.3 * Math.max(0, 1 - lanes.size / queueSize)
  return {
    channel: config?.id ?? "",
    weight: config?.weight ?? 0,
    score: hasFreeSlot ? whileFree : whileFull,
    hasFreeSlot,
  }
}

/** Takes turns by weight, smoothly: with weights 2 and 1, the turns are a b a, a b a, … Source: B3. */
export class WeightedTurns {
  #current = new Map<string, number>()

  /** Gives the one whose turn it is. */
  next<T extends Standing>(standings: ReadonlyArray<T>): T | undefined {
    let best: T | undefined
    let bestCurrent = -Infinity
    let total = 0
    for (const standing of standings) {
      total += standing.weight
      const current = (this.#current.get(standing.channel) ?? 0) + standing.weight
      this.#current.set(standing.channel, current)
      if (current > bestCurrent) [best, bestCurrent] = [standing, current]
    }
    if (best !== undefined) this.#current.set(best.channel, bestCurrent - total)
    return best
  }
}

/** Orders a tier's channels: first the one whose turn it is among the best with a free slot, then by score. Source: B3. */
export const ranked = <T extends Standing>(
  standings: ReadonlyArray<T>,
  turns: WeightedTurns,
): ReadonlyArray<T> => {
  if (standings.length < 2) return standings
  const byScore = standings.toSorted((one, other) => other.score - one.score)
  const free = byScore.filter(({ hasFreeSlot }) => hasFreeSlot)
  const best = free[0]?.score ?? 0
  const first = turns.next(free.filter(({ score }) => score >= best - nearBest))
  return first === undefined ? byScore : [first, ...byScore.filter((standing) => standing !== first)]
}
