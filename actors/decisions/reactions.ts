import type { ChannelFact } from "@sluice/events/channel.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { accountReactions } from "../account/reactions.ts"
import type { ChannelContext } from "../channel/ledger.ts"
import { channelLimitReactions, channelRoomAt } from "../channel/limit.ts"
import { channelOf, contextOf, type Group } from "../group/group.ts"
import { limitDueAt } from "../limit/limit-reactions.ts"
import { isCooling, takesWork } from "../machine/states.ts"
import type { Lanes } from "../queue/lanes.ts"
import type { Waiter } from "../queue/waiter.ts"
import { abandoned, channelDenial, tokensAt } from "./admission.ts"
import { type SlotQuery, bucketReserverOf, denials } from "./denial.ts"
import { canOpen, outlookOf } from "./outlook.ts"
import { chooseAccount, grant } from "./slot.ts"

/**
 * Decides the next thing that follows by itself from what a group is now and what the time is, until nothing does.
 *
 * In this order: what is due on an account and on the channel's limit happens, a waiter that is due leaves, a channel whose accounts all cool cools, the waiters of a channel that is closed go back to routing, a free
 * slot goes to the waiter whose turn it is.
 * Source: A6–A8, A10, B10, C5, C9.
 */
export const reactions = (group: Group, now: number): ReadonlyArray<Fact> => {
  const channel = channelOf(group)
  return (
    dueAccount(group, now) ??
    channelLimitReactions(channel, now) ??
    dueWaiter(group, channel, now) ??
    unblockedModel(channel, now) ??
    channelCooling(group, channel, now) ??
    rerouted(group, channel, now) ??
    handOff(group, channel, now) ??
    []
  )
}

/** Returns when something will follow by itself, or `null`. Source: L3. */
export const dueAt = (group: Group): number | null => {
  const channel = channelOf(group)
  const { lanes, blockedModels } = channel
  let first = Math.min(group.timers.first?.at ?? Infinity, limitDueAt(channel) ?? Infinity)
  for (const model in blockedModels) first = Math.min(first, blockedModels[model]?.until ?? Infinity)
  if (lanes.size > 0) {
    first = Math.min(first, lanes.firstDue()?.dueAt ?? Infinity, lanes.demands.reopensAt ?? Infinity)
    const next = lanes.next()
    const roomAt = next === undefined ? null : channelRoomAt(channel)
    if (next !== undefined && roomAt !== null)
      first = Math.min(first, Math.max(roomAt, tokensAt(channel, next)))
  }
  return first === Infinity ? null : first
}

type Reaction = ReadonlyArray<Fact> | undefined

const dueAccount = (group: Group, now: number): Reaction => {
  const first = group.timers.first
  return first === undefined || first.at > now ? undefined : accountReactions(contextOf(first.one), now)
}

const dueWaiter = (group: Group, { config, lanes }: ChannelContext, now: number): Reaction => {
  const waiter = lanes.size === 0 ? undefined : lanes.firstDue()
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

const unblockedModel = ({ config, blockedModels }: ChannelContext, now: number): Reaction => {
  for (const model in blockedModels) {
    const block = blockedModels[model]
    if (config === null || block === undefined || block.until > now) continue
    const actor = actorName("channel", config.id)
    return [{ actor, type: "channel.cooldown_ended", at: now, id: block.id, reason: "elapsed" }]
  }
  return undefined
}

/** A channel cools exactly when all of its usable accounts do, until the first of them is back. Source: C9. */
const channelCooling = (group: Group, channel: ChannelContext, now: number): Reaction => {
  const { config, cooldown, cooldowns } = channel
  if (config === null || (group.cooling.size === 0 && cooldown === null)) return undefined
  const actor = actorName("channel", config.id)
  const areAllCooling = group.usable.length > 0 && group.usable.every(isCooling)
  if (!areAllCooling)
    return cooldown === null
      ? undefined
      : [
          {
            actor,
            type: "channel.cooldown_ended",
            at: now,
            id: cooldown.id,
            reason: cooldown.until <= now ? "elapsed" : "manual",
          },
        ]
  const ends = group.usable.flatMap((account) => contextOf(account).cooldown ?? [])
  const first = ends.reduce((least, other) => (other.until < least.until ? other : least))
  if (cooldown !== null && first.until <= cooldown.until) return undefined
  const cause = {
    actor,
    at: now,
    id: cooldown?.id ?? `${config.id}:${cooldowns + 1}`,
    until: first.until,
    consecutive: first.consecutive,
    classification: first.classification,
    evidence: {},
    source: "backoff",
    backoffMs: 0,
    retryAfterMs: null,
    status: 0,
    summary: `all accounts are cooling, ${first.id} the shortest`,
  } as const
  const fact: ChannelFact =
    cooldown === null
      ? { ...cause, type: "channel.cooldown_started" }
      : { ...cause, type: "channel.cooldown_extended" }
  return [fact]
}

const rerouted = (group: Group, channel: ChannelContext, now: number): Reaction => {
  if (channel.lanes.size === 0 || (takesWork(group.channel) && group.usable.length > 0)) return undefined
  const waiter = channel.lanes.first()
  return waiter && [abandoned(group, { waiter, reason: "rerouted", now })]
}

/** Tokens that are no more waited for are open to all. */
const dropBucketReservations = ({ bucketReservations }: Group, { demands }: Lanes): void => {
  for (const [account, holder] of bucketReservations)
    if (!demands.isShut(holder)) {
      bucketReservations.delete(account)
      demands.reopen(contextOf(account).config?.id ?? "")
    }
}

/** A waiter that may test an account that fails does so only where no other account can serve it in its time. Source: C7. */
const queryOf = (group: Group, waiter: Waiter, query: SlotQuery): SlotQuery => {
  if (waiter.mayProbe !== true || chooseAccount(group, query, waiter.account) !== undefined) return query
  const found = denials(group, query, waiter.account)
  return canOpen(found, waiter.dueAt) ? query : { ...query, isProbe: true }
}

/**
 * Hands a free slot to the waiter whose turn it is among those who can use one; whom no account can serve in its time goes back to routing.
 *
 * Source: A6, A7, B10.
 */
const handOff = (group: Group, channel: ChannelContext, now: number): Reaction => {
  const { lanes } = channel
  if (lanes.size === 0) return undefined
  lanes.demands.reopenDue(now)
  dropBucketReservations(group, lanes)
  for (let waiter = lanes.next(); waiter !== undefined; waiter = lanes.next()) {
    const ofChannel = channelDenial(group, waiter, now)
    const isBlocked = ofChannel?.reason === "model_cooling"
    const demand = lanes.demandOf(waiter)
    const query = queryOf(group, waiter, { now, of: waiter, demand })
    const account = isBlocked ? undefined : chooseAccount(group, query, waiter.account)
    // The one whose turn it is waits for the channel's slots and tokens, and the others behind it.
    if (account !== undefined && ofChannel !== null)
      return canOpen([ofChannel], waiter.dueAt)
        ? undefined
        : [abandoned(group, { waiter, reason: "rerouted", now })]
    if (account !== undefined)
      return grant(group, { applicant: waiter, account, now, waitMs: now - waiter.arrivedAt })
    const outlook = outlookOf(group, query, { only: waiter.account, ofChannel: isBlocked ? ofChannel : null })
    if (!outlook.canServe(waiter.dueAt)) return [abandoned(group, { waiter, reason: "rerouted", now })]
    const { paced } = outlook
    if (paced !== undefined && bucketReserverOf(group, paced, query) === undefined)
      group.bucketReservations.set(paced, demand)
    lanes.demands.shut(demand, outlook.until)
  }
  return undefined
}
