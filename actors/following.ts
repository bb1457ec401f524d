import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { abandoned } from "./admission.ts"
import type { ChannelContext } from "./channel.ts"
import { channelOf, contextOf, type Group, isEnabled } from "./group.ts"
import { hasRoom } from "./limit.ts"
import { chooseAccount, grant } from "./slot.ts"

/**
 * Decides the next thing that follows by itself from what a group is now and what the time is, until nothing does.
 *
 * In this order: a cooldown that is over ends, a waiter that is due leaves, a channel whose accounts all cool cools, the waiters of a channel that is closed go back to routing, a free
 * slot goes to the waiter whose turn it is.
 * Source: A6–A8, A10, C5, C9.
 */
export const following = (group: Group, now: number): ReadonlyArray<Fact> => {
  const channel = channelOf(group)
  return (
    cooldownEnd(group, now) ??
    dueWaiter(group, channel, now) ??
    channelCooling(group, channel, now) ??
    rerouted(group, channel, now) ??
    handOff(group, channel, now) ??
    []
  )
}

/** Gives when something will follow by itself, or `null`. Source: L3. */
export const dueAt = (group: Group): number | null => {
  const times = [...group.cooling].map((account) => contextOf(account).cooldown?.until ?? null)
  const waiter = channelOf(group).lanes.firstDue()
  return earliest([...times, waiter?.dueAt ?? null])
}

const earliest = (times: ReadonlyArray<number | null>): number | null =>
  times.reduce((least, time) => (time === null || (least !== null && least <= time) ? least : time), null)

const cooldownEnd = (group: Group, now: number): ReadonlyArray<Fact> | undefined => {
  for (const account of group.cooling) {
    const { config, cooldown } = contextOf(account)
    if (config === null || cooldown === null || cooldown.until > now) continue
    const actor = actorName("account", config.id)
    return [{ actor, type: "account.cooldown_ended", at: now, id: cooldown.id, reason: "elapsed" }]
  }
  return undefined
}

const dueWaiter = (
  group: Group,
  { config, lanes }: ChannelContext,
  now: number,
): ReadonlyArray<Fact> | undefined => {
  const waiter = lanes.firstDue()
  if (waiter === undefined || waiter.dueAt === null || waiter.dueAt > now || config === null) return undefined
  if (waiter.dueReason === "deadline") return [abandoned(group, { waiter, reason: "deadline", now })]
  return [
    {
      actor: actorName("channel", config.id),
      type: "channel.timed_out",
      at: now,
      request: waiter.request,
      attempt: waiter.attempt,
      waitMs: now - waiter.queuedAt,
      depth: lanes.size - 1,
    },
  ]
}

/** A channel cools exactly when all of its usable accounts do, until the first of them is back. Source: C9. */
const channelCooling = (
  group: Group,
  { config, cooldown }: ChannelContext,
  now: number,
): ReadonlyArray<Fact> | undefined => {
  if (config === null || (group.cooling.size === 0 && cooldown === null)) return undefined
  const actor = actorName("channel", config.id)
  const isCooling = group.usable.length > 0 && group.usable.every((account) => group.cooling.has(account))
  if (!isCooling)
    return cooldown === null
      ? undefined
      : [{ actor, type: "channel.cooldown_ended", at: now, id: cooldown.id, reason: "elapsed" }]
  const ends = group.usable.flatMap((account) => contextOf(account).cooldown ?? [])
  const first = ends.reduce((least, other) => (other.until < least.until ? other : least))
  if (cooldown !== null && first.until <= cooldown.until) return undefined
  return [
    {
      actor,
      type: cooldown === null ? "channel.cooldown_started" : "channel.cooldown_extended",
      at: now,
      id: cooldown?.id ?? `${config.id}:${first.id}`,
      until: first.until,
      consecutive: first.consecutive,
      classification: first.classification,
      evidence: {},
      source: "backoff",
      backoffMs: 0,
      retryAfterMs: null,
      status: 0,
      summary: `all accounts are cooling, ${first.id} the shortest`,
    },
  ]
}

const rerouted = (group: Group, channel: ChannelContext, now: number): ReadonlyArray<Fact> | undefined => {
  const waiter = channel.lanes.next()
  if (waiter === undefined || (isEnabled(channel) && group.usable.length > 0)) return undefined
  return [abandoned(group, { waiter, reason: "rerouted", now })]
}

const handOff = (group: Group, channel: ChannelContext, now: number): ReadonlyArray<Fact> | undefined => {
  const waiter = channel.lanes.next()
  if (waiter === undefined || !hasRoom(channel.config?.maxConcurrent ?? null, channel.leases.size))
    return undefined
  const account = chooseAccount(group, { now })
  if (account === undefined) return undefined
  return grant(group, { applicant: waiter, account, now, waitMs: now - waiter.arrivedAt })
}
