import { channelOf } from "@sluice/actors/group/group.ts"
import { ranked, standingOf, WeightedTurns } from "@sluice/actors/routing/score.ts"
import type { PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import type { Candidate } from "@sluice/events/ingress.ts"
import type { HostedChannel } from "./hosted-channel.ts"
import type { Admittable } from "./lease.ts"

interface Support {
  channelOf(id: string): HostedChannel | undefined
  takesNew(): boolean
}

/** Finds the channels that a request may go to, and in which order they are asked. Source: B1, B3. */
export class CandidateChannels {
  readonly #support: Support
  readonly #turns = new Map<string, WeightedTurns>()

  constructor(support: Support) {
    this.#support = support
  }

  /** Returns the channels of a tier, the one whose turn it is first. Source: B3. */
  ranked(pool: string, tier: number, ids: ReadonlyArray<string>): ReadonlyArray<HostedChannel> {
    const channels: HostedChannel[] = []
    for (const id of ids) {
      const channel = this.#support.channelOf(id)
      if (channel !== undefined) channels.push(channel)
    }
    if (channels.length < 2) return channels
    const key = `${pool} ${tier}`
    const turns = this.#turns.get(key) ?? new WeightedTurns()
    this.#turns.set(key, turns)
    const standings = channels.map((channel) => ({
      ...standingOf(channel.subject.state, channel.subject.time.now()),
      hosted: channel,
    }))
    return ranked(standings, turns).map(({ hosted }) => hosted)
  }

  /** True if a request's pool has the channel, and nothing on the channel itself stands in the way. */
  isCandidate(channel: HostedChannel, pool: PoolConfiguration, request: Admittable): boolean {
    return pool.tiers.some((tier) => tier.includes(channel.id)) && this.denial(channel, request) === undefined
  }

  /** Returns why a channel is none for a request, whoever else asks. Source: B1, B8. */
  denial(channel: HostedChannel, request: Admittable): Candidate["reason"] | undefined {
    if (!channel.subject.isLive) return "log_unavailable"
    const { config, removed } = channelOf(channel.subject.state)
    if (config === null || removed || !config.enabled) return "disabled"
    if (config.protocol !== request.protocol) return "protocol"
    if (channel.upstreamModel(request.model) === undefined) return "model"
    return channel.subject.isAccepting && this.#support.takesNew() ? undefined : "log_unavailable"
  }
}
