import type { AccountFact } from "@sluice/events/account.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { actorName, idOf } from "@sluice/events/identifier.ts"
import type { AccountContext, AccountLease } from "../account/context.ts"
import { slotsOf } from "../account/limit.ts"
import { accountLogic } from "../account/machine.ts"
import { AccountOrder } from "../account/order.ts"
import { accountDueAt } from "../account/reactions.ts"
import { type AccountActor, isSuspended } from "../account/states.ts"
import { hasWindow } from "../account/windows.ts"
import type { ChannelContext } from "../channel/ledger.ts"
import { channelLogic } from "../channel/machine.ts"
import type { ChannelActor } from "../channel/states.ts"
import { ownLimitOf } from "../limit/learned-limit.ts"
import { type Limit, tighter } from "../limit/limit.ts"
import { evolve as evolveActor, start, UnknownFact } from "../machine/live-actor.ts"
import { isCooling, takesWork } from "../machine/states.ts"
import type { Demand } from "../queue/demand.ts"
import { Timers } from "./timers.ts"

/**
 * A channel and its accounts: what is decided, stored and fenced together.
 *
 * Beside the actors it keeps what follows from them and would be slow to ask anew.
 * Source: L1, L5.
 */
export interface Group {
  readonly channel: ChannelActor
  readonly accounts: Map<string, AccountActor>
  readonly cooling: Set<AccountActor>
  /** When something will happen to an account by itself. */
  readonly timers: Timers<AccountActor>
  /** Whose buckets are kept for the first waiter of a demand, once they hold enough for it. Source: A6, A7. */
  readonly bucketReservations: Map<AccountActor, Demand>
  /** Those that are enabled, not removed and not suspended. */
  usable: ReadonlyArray<AccountActor>
  /** Those that carry attempts with a credential that they take nothing new with: they are closed, or have another one since. */
  draining: ReadonlyArray<AccountActor>
  suspended: ReadonlyArray<AccountActor>
  /** The usable ones in the order in which they are tried; made when it is first asked for. Source: A12. */
  order: AccountOrder<AccountActor> | undefined
  /** What the usable accounts admit together. */
  accountsLimit: Limit
  /** True if the cost of any of them counts in windows. Source: D5. */
  hasWindows: boolean
  /** How far its time is ahead of the machine's clock and so of the calendar, as its host says it. Units: milliseconds. Source: L2, D6. */
  aheadMs: number
}

/** Makes a group to which nothing has happened yet. */
export const createGroup = (): Group => ({
  channel: start(channelLogic),
  accounts: new Map(),
  cooling: new Set(),
  timers: new Timers(),
  bucketReservations: new Map(),
  usable: [],
  draining: [],
  suspended: [],
  order: undefined,
  accountsLimit: null,
  hasWindows: false,
  aheadMs: 0,
})

/** After these an account admits no more than before. */
const narrowing: ReadonlySet<string> = new Set<AccountFact["type"]>([
  "account.acquired",
  "account.session_registered",
])

/** After these other accounts are usable, or they admit another number together. */
const reshaping: ReadonlySet<string> = new Set<AccountFact["type"]>([
  "account.configured",
  "account.removed",
  "account.suspended",
  "account.restored",
  "account.reset",
  "account.ramped",
  "account.limit_adjusted",
  "account.mode_changed",
  "account.learning_reset",
])

/**
 * Evolves the one actor of a group that a fact happened to.
 *
 * Fails: throws on a fact that the actor does not know.
 */
export const evolve = (group: Group, fact: Fact): void => {
  if (isOf(fact, "channel/")) {
    evolveActor(group.channel, fact as ChannelFact)
    const isOfAll =
      fact.type === "channel.configured" ||
      fact.type === "channel.reset" ||
      fact.type.startsWith("channel.cooldown_")
    if (isOfAll) channelOf(group).lanes.demands.reopenAll()
    return
  }
  if (!isOf(fact, "account/")) throw new UnknownFact(`${fact.type} of ${fact.actor} in a channel's log`)
  const account = group.accounts.get(fact.actor) ?? open(group, fact)
  evolveActor(account, fact as AccountFact)
  const context = contextOf(account)
  group.timers.set(account, accountDueAt(context))
  if (group.order?.has(account) === true) group.order.rank(account, context)
  if (narrowing.has(fact.type) && !isCounted(fact)) return
  const { demands } = channelOf(group).lanes
  // What ends on an account that drains may make room on another one.
  if (group.draining.length > 0) demands.reopenAll()
  demands.reopen(idOf(fact.actor))
  if (fact.type.startsWith("account.cooldown_")) markCooling(group, account)
  else if (reshaping.has(fact.type)) {
    index(group)
    demands.reopenAll()
  }
}

/** What a window counts may close it to those who wait for the next completion: they must go elsewhere. Source: D5. */
const isCounted = (fact: Fact): boolean => "estimatedCostNanoUsd" in fact

const markCooling = (group: Group, account: AccountActor): void => {
  if (isCooling(account)) group.cooling.add(account)
  else group.cooling.delete(account)
}

/** Returns what is known of a channel. */
export const channelOf = (group: Group): ChannelContext => group.channel.getSnapshot().context.ledger

/** Returns what is known of an account. */
export const contextOf = (account: AccountActor): AccountContext => account.getSnapshot().context.ledger

/** Returns the account of an id; one that never was is a defect. */
export const accountOf = (group: Group, id: string): AccountActor => {
  const account = group.accounts.get(actorName("account", id))
  if (account === undefined) throw new Error(`no account ${id} in this channel`)
  return account
}

/** Returns the limit that holds for the channel and its accounts together. Source: B3. */
export const limitOf = (group: Group): Limit => tighter(ownLimitOf(channelOf(group)), group.accountsLimit)

/** Returns the attempts in flight on an account whose credential it takes nothing new with. */
const drained = (account: AccountContext): ReadonlyArray<AccountLease> => {
  if (account.leases.size === 0) return []
  const { config, removed, credential } = account
  const isClosed = removed || config?.enabled !== true
  return [...account.leases].filter(
    (lease) => lease.credential !== null && (isClosed || lease.credential !== credential),
  )
}

/**
 * Returns how many attempts are in flight with an account's credential on accounts that take nothing new with it: they hold its slots until they end.
 *
 * So an account that comes in the place of another begins with what that one has left. Two accounts that are configured side by side with one credential have a limit each, as their
 * operator says, and so have accounts of different channels.
 * Source: A2.
 */
export const inFlightBefore = ({ draining }: Group, account: AccountContext): number => {
  if (draining.length === 0 || account.credential === null) return 0
  let inFlight = 0
  for (const actor of draining)
    for (const { credential } of drained(contextOf(actor)))
      if (contextOf(actor) !== account && credential === account.credential) inFlight += 1
  return inFlight
}

/** Builds what follows from the accounts again, after one was configured, removed, suspended or restored, or its limit changed. */
export const index = (group: Group): void => {
  const open = [...group.accounts.values()].filter(takesWork)
  group.usable = open.filter((account) => !isSuspended(account))
  group.draining = [...group.accounts.values()].filter((account) => drained(contextOf(account)).length > 0)
  group.suspended = open.filter(isSuspended)
  group.accountsLimit = group.usable
    .map((account) => slotsOf(contextOf(account)))
    .reduce<Limit>((sum, limit) => (sum === null || limit === null ? null : sum + limit), 0)
  group.order = undefined
  group.hasWindows = group.usable.some((account) => hasWindow(contextOf(account)))
}

/** Makes everything that a group keeps beside its actors again. */
export const indexAll = (group: Group): void => {
  index(group)
  for (const account of group.accounts.values()) {
    markCooling(group, account)
    group.timers.set(account, accountDueAt(contextOf(account)))
  }
}

/** Returns the usable accounts in the order in which they are tried. Source: A12, B4. */
export const orderOf = (group: Group): AccountOrder<AccountActor> => {
  if (group.order !== undefined) return group.order
  group.order = new AccountOrder<AccountActor>()
  for (const account of group.usable) group.order.rank(account, contextOf(account))
  return group.order
}

const isOf = (fact: Fact, prefix: string): boolean => fact.actor.startsWith(prefix)

const open = (group: Group, fact: Fact): AccountActor => {
  if (fact.type !== "account.configured")
    throw new UnknownFact(`${fact.type} of ${fact.actor}, which is not configured`)
  const account: AccountActor = start(accountLogic)
  group.accounts.set(fact.actor, account)
  return account
}
