import { slotsFor } from "@sluice/actors/account/limit.ts"
import { hasChannelRoom } from "@sluice/actors/channel/limit.ts"
import { channelOf, contextOf } from "@sluice/actors/group/group.ts"
import { ceilingAt } from "@sluice/actors/limit/learned-limit.ts"
import { hasRoom } from "@sluice/actors/limit/limit.ts"
import type { Check } from "./invariant.ts"

/**
 * No grant goes above the limit in force: that of the channel, where it is hard, and the part of the account's that its class may use.
 *
 * The limit is what the facts so far make of it: configured or learned, lowered by a rejection, on a slow start.
 * Source: A2, A4, A5.
 */
export const checkLimits = (): Check => ({
  name: "limits",
  looks: {
    "channel.acquired": ({ lease, at }, { group }) => {
      if (group === undefined) return undefined
      const channel = channelOf(group)
      const { config, leases } = channel
      if (config === null) return `${lease} is granted on a channel that is not configured`
      if (hasChannelRoom(channel, at)) return undefined
      const limit = ceilingAt(channel, at)
      return `${lease} is granted on channel/${config.id} with ${leases.size} in flight of ${limit}`
    },
    "account.acquired": ({ actor, lease, class: of, at }, { group }) => {
      const account = group?.accounts.get(actor)
      if (account === undefined) return undefined
      const context = contextOf(account)
      const limit = slotsFor(context, of, at)
      if (hasRoom(limit, context.leases.size)) return undefined
      return `${lease} is granted on ${actor} with ${context.leases.size} in flight of ${limit} for a ${of} request`
    },
  },
})
