import type { Command } from "@sluice/actors/command.ts"
import { channelOf, type Group } from "@sluice/actors/group.ts"
import { createServedModels } from "@sluice/actors/routing.ts"
import type { ChannelConfiguration } from "@sluice/events/channel-configuration.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import { type HostOptions, HostedSubject } from "@sluice/infra/actor-host/hosted-subject.ts"
import { channelDecider, type ChannelRefusal } from "./channel-decider.ts"

/** A channel that this process hosts. */
export interface HostedChannel {
  readonly id: string
  readonly subject: HostedSubject<Group, Command, ChannelRefusal>
  /** Gives the upstream's name of a model that the channel serves. */
  upstreamModel(model: string): string | undefined
}

/** Loads a channel and its accounts from the log. Fails: `UnreadableHistory`, `LogUnavailable`. */
export const openChannel = async (id: string, options: HostOptions): Promise<HostedChannel> => {
  const subject = await HostedSubject.open(channelSubject(id), channelDecider, options)
  let served:
    | { readonly of: ChannelConfiguration; readonly upstreamModel: HostedChannel["upstreamModel"] }
    | undefined
  return {
    id,
    subject,
    upstreamModel: (model) => {
      const { config } = channelOf(subject.state)
      if (config === null) return undefined
      if (served?.of !== config) served = { of: config, upstreamModel: createServedModels(config) }
      return served.upstreamModel(model)
    },
  }
}
