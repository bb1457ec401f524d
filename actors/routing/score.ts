import type { ChannelContext } from "../channel/ledger.ts"
import { channelOf, type Group, limitOf } from "../group/group.ts"
import { hasRoom } from "../limit/limit.ts"
import { levelAt, sizeOf, type TokenBucket } from "../rules/token-bucket.ts"

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

/**
 * Tells how good a place a channel is for the next request: as good as what it has least of, slots, requests or tokens.
 *
 * Source: B3.
 */
export const standingOf = (group: Group, now: number): Standing => {
  const channel = channelOf(group)
  const { config, leases, lanes } = channel
  const isFree = lanes.size === 0 && hasRoom(limitOf(group), leases.size)
  return {
    channel: config?.id ?? "",
    weight: config?.weight ?? 0,
    score: Math.min(slotScore(group, isFree), bucketScore(channel, now)),
    hasFreeSlot: isFree,
  }
}

const slotScore = (group: Group, isFree: boolean): number => {
  const { config, leases, lanes } = channelOf(group)
  const limit = limitOf(group)
  if (limit === null) return 1
  if (isFree) return 0.3 + 0.7 * (1 - leases.size / limit)
  const queueSize = config?.queueSize ?? 0
  if (queueSize === 0 || config?.mode === "soft") return 0
  return 0.3 * Math.max(0, 1 - lanes.size / queueSize)
}

const bucketScore = ({ config, rpm, tpm }: ChannelContext, now: number): number => {
  if (config === null || (config.rpm === null && config.tpm === null)) return 1
  const left = (bucket: TokenBucket | null, perMinute: number | null): number => {
    if (perMinute === null) return 1
    const size = sizeOf(perMinute, config.burstSeconds)
    return Math.max(0, levelAt(bucket, size, now) / size.burst)
  }
  return Math.min(left(rpm, config.rpm), left(tpm, config.tpm))
}

/** Takes turns by weight, smoothly: with weights 2 and 1, the turns are a b a, a b a, … Source: B3. */
export class WeightedTurns {
  #current = new Map<string, number>()

  /** Returns the one whose turn it is. */
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
