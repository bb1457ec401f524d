import type { ChannelFact } from "@sluice/events/channel.ts"
import { isAdaptive } from "@sluice/events/configuration/adaptive-limit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { AccountContext } from "../account/context.ts"
import { ceilingAt, type LimitHolder, risesAt } from "../limit/learned-limit.ts"
import { dueAcceptances, dueAdjustment } from "../limit/limit-reactions.ts"
import { hasRoom } from "../limit/limit.ts"
import type { ChannelContext } from "./ledger.ts"

/** True if the channel has a slot; one that only counts always has. Source: A2, A5, F1. */
export const hasChannelRoom = (channel: ChannelContext, now: number): boolean =>
  channel.config?.mode === "soft" || hasRoom(ceilingAt(channel, now), channel.leases.size)

/** Returns from when on the channel has a slot, if nothing else happens: 0 where it has one already, `null` where only an end makes one. Source: F1. */
export const channelRoomAt = (channel: ChannelContext): number | null => {
  if (hasChannelRoom(channel, 0)) return 0
  const at = risesAt(channel)
  return at !== null && hasChannelRoom(channel, at) ? at : null
}

/**
 * Returns whose limit an attempt on an account tells of: that of the channel where it learns and the account has none, else the account's own.
 *
 * Source: F5.
 */
export const limitToldOf = (channel: ChannelContext, account: AccountContext): LimitHolder =>
  isToldOfChannel(channel, account) ? channel : account

/** True if it is the channel that learns from the attempts of an account. Source: F5. */
export const isToldOfChannel = ({ mode }: ChannelContext, account: AccountContext): boolean =>
  isAdaptive(mode) && account.mode === null

/** Decides the next thing that happens to a channel's learned limit by itself. Source: F1, F3. */
export const channelLimitReactions = (
  channel: ChannelContext,
  now: number,
): ReadonlyArray<ChannelFact> | undefined => {
  if (channel.config === null || !isAdaptive(channel.mode)) return undefined
  const actor = actorName("channel", channel.config.id)
  const adjusted = dueAdjustment(channel)
  if (adjusted !== undefined) return [{ actor, type: "channel.limit_adjusted", at: now, ...adjusted }]
  const accepted = dueAcceptances(channel, now)
  if (accepted.length === 0) return undefined
  return accepted.map((told) => ({ actor, type: "channel.accepted", at: now, ...told }))
}
