import type { Command } from "@sluice/actors/decisions/command.ts"
import { channelOf, type Group } from "@sluice/actors/group/group.ts"
import { createServedModels } from "@sluice/actors/routing/routing.ts"
import { Leases } from "@sluice/actors/rules/leases.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import type { HostOptions } from "@sluice/infra/actor-host/host-options.ts"
import { HostedSubject } from "@sluice/infra/actor-host/hosted-subject.ts"
import type { Subject } from "@sluice/infra/actor-host/subject.ts"
import { channelDecider, type ChannelDenial } from "../hosting/channel-decider.ts"
import type { Lease } from "./lease.ts"

/** What admission needs of a channel and its accounts. */
export type ChannelSubject = Subject<Group, Command, ChannelDenial>

/** A channel that this process hosts. */
export interface HostedChannel<Hosted extends ChannelSubject = ChannelSubject> {
  readonly id: string
  readonly subject: Hosted
  /** What attempts of this process hold of it. */
  readonly held: Leases<Pick<Lease, "lease">>
  /** Returns the upstream's name of a model that the channel serves. */
  upstreamModel(model: string): string | undefined
}

/** A channel whose facts go to the log. */
export type LoggedChannel = HostedChannel<HostedSubject<Group, Command, ChannelDenial>>

/** Loads a channel and its accounts from the log; one whose history cannot be folded stands still. Fails: `LogUnavailable`. Source: L11. */
export const openChannel = async (id: string, options: HostOptions): Promise<LoggedChannel> =>
  hosted(id, await HostedSubject.openOrStopped(channelSubject(id), channelDecider, options))

/** Makes a channel of the subject that holds its state. */
export const hosted = <Hosted extends ChannelSubject>(id: string, subject: Hosted): HostedChannel<Hosted> => {
  let served:
    | { readonly of: ChannelConfiguration; readonly upstreamModel: HostedChannel["upstreamModel"] }
    | undefined
  return {
    id,
    subject,
    held: new Leases(),
    upstreamModel: (model) => {
      const { config } = channelOf(subject.state)
      if (config === null) return undefined
      if (served?.of !== config) served = { of: config, upstreamModel: createServedModels(config) }
      return served.upstreamModel(model)
    },
  }
}
