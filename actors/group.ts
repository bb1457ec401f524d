import type { AccountFact } from "@sluice/events/account.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { type AccountContext, accountMachine } from "./account.ts"
import { type ChannelContext, channelMachine } from "./channel.ts"
import { type Limit, tighter } from "./limit.ts"
import { evolve as evolveActor, type LiveActor, start, UnknownFact } from "./live-actor.ts"

export type ChannelActor = LiveActor<ChannelContext, ChannelFact>
export type AccountActor = LiveActor<AccountContext, AccountFact>

/**
 * A channel and its accounts: what is decided, stored and fenced together.
 *
 * Beside the actors it keeps what follows from them and would be slow to ask anew: `usable` accounts (enabled and not removed), `cooling` ones, and their common `capacity`.
 * Source: L1, L5.
 */
export interface Group {
  readonly channel: ChannelActor
  readonly accounts: Map<string, AccountActor>
  readonly cooling: Set<AccountActor>
  usable: ReadonlyArray<AccountActor>
  /** What the usable accounts admit together. */
  accountsLimit: Limit
}

/** Makes a group to which nothing has happened yet. */
export const createGroup = (): Group => ({
  channel: start(channelMachine),
  accounts: new Map(),
  cooling: new Set(),
  usable: [],
  accountsLimit: null,
})

/**
 * Evolves the one actor of a group that a fact happened to.
 *
 * Fails: throws on a fact that the actor does not know.
 */
export const evolve = (group: Group, fact: Fact): void => {
  if (isOf(fact, "channel/")) return evolveActor(group.channel, fact as ChannelFact)
  if (!isOf(fact, "account/")) throw new UnknownFact(`${fact.type} of ${fact.actor} in a channel's log`)
  const account = group.accounts.get(fact.actor) ?? open(group, fact)
  evolveActor(account, fact as AccountFact)
  if (fact.type === "account.configured" || fact.type === "account.removed") index(group)
  else if (fact.type === "account.cooldown_started") group.cooling.add(account)
  else if (fact.type === "account.cooldown_ended") group.cooling.delete(account)
}

/** Gives what is known of a channel. */
export const channelOf = (group: Group): ChannelContext => group.channel.getSnapshot().context

/** Gives what is known of an account. */
export const contextOf = (account: AccountActor): AccountContext => account.getSnapshot().context

/** Gives the account of an id; one that never was is a defect. */
export const accountOf = (group: Group, id: string): AccountActor => {
  const account = group.accounts.get(actorName("account", id))
  if (account === undefined) throw new Error(`no account ${id} in this channel`)
  return account
}

/** Tells whether the channel takes new requests. */
export const isEnabled = (channel: ChannelContext): boolean =>
  channel.config?.enabled === true && !channel.removed

/** Gives the limit that holds for the channel and its accounts together. Source: B3. */
export const limitOf = (group: Group): Limit =>
  tighter(channelOf(group).config?.maxConcurrent ?? null, group.accountsLimit)

/** Builds what follows from the accounts again, after one was configured, removed or restored. */
export const index = (group: Group): void => {
  const usable = [...group.accounts.values()].filter((account) => {
    const { config, removed } = contextOf(account)
    return config?.enabled === true && !removed
  })
  group.usable = usable
  group.accountsLimit = usable
    .map((account) => contextOf(account).config?.concurrency ?? null)
    .reduce<Limit>((sum, limit) => (sum === null || limit === null ? null : sum + limit), 0)
}

const isOf = (fact: Fact, prefix: string): boolean => fact.actor.startsWith(prefix)

const open = (group: Group, fact: Fact): AccountActor => {
  if (fact.type !== "account.configured")
    throw new UnknownFact(`${fact.type} of ${fact.actor}, which is not configured`)
  const account: AccountActor = start(accountMachine)
  group.accounts.set(fact.actor, account)
  return account
}
