import { type AccountContext, newAccount } from "@sluice/actors/account/context.ts"
import { evolveAccount } from "@sluice/actors/account/ledger.ts"
import { accountMachine } from "@sluice/actors/account/machine.ts"
import { type ChannelContext, evolveChannel, newChannel } from "@sluice/actors/channel/ledger.ts"
import { channelMachine } from "@sluice/actors/channel/machine.ts"
import {
  channelOf,
  contextOf,
  createGroup,
  evolve,
  type Group,
  indexAll,
} from "@sluice/actors/group/group.ts"
import { fromSnapshot, type GroupSnapshot, toSnapshot } from "@sluice/actors/group/snapshot.ts"
import {
  changed,
  type MachineContext,
  type LiveActor,
  start,
  UnknownFact,
} from "@sluice/actors/machine/live-actor.ts"
import type { AccountFact } from "@sluice/events/account.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"

type Evolves<Context> = Readonly<Record<string, (context: Context, fact: never) => Partial<Context>>>

/**
 * An actor without its statechart: what its facts say is kept by the very functions that the machine's `assign` calls, and no region is.
 *
 * Most of the time of a fold goes into the statechart, on which no grant depends; without it a history is folded several times as fast.
 */
const ledgerActor = <Context extends object, F extends Fact>(
  beginning: Context,
  evolves: Evolves<Context>,
): LiveActor<MachineContext<Context>, F> => {
  const snapshot = {
    status: "active" as const,
    value: {},
    context: { ledger: beginning } as MachineContext<Context>,
  }
  return {
    send: (fact) => {
      const happen = evolves[fact.type]
      if (happen === undefined) throw new UnknownFact(`no transition for ${fact.type}`)
      const { ledger } = snapshot.context
      snapshot.context = changed(ledger, happen(ledger, fact as never))
    },
    getSnapshot: () => snapshot,
  }
}

const channelActor = (ledger: ChannelContext): Group["channel"] =>
  ledgerActor<ChannelContext, ChannelFact>(ledger, evolveChannel)

const accountActor = (ledger: AccountContext): LiveActor<MachineContext<AccountContext>, AccountFact> =>
  ledgerActor<AccountContext, AccountFact>(ledger, evolveAccount)

/** Makes a group of actors without statecharts, to which nothing has happened yet or what a snapshot holds. */
export const createLedgerGroup = (stored?: GroupSnapshot): Group => {
  if (stored === undefined) return { ...createGroup(), channel: channelActor(newChannel()) }
  const restored = fromSnapshot(stored)
  const group: Group = { ...createGroup(), channel: channelActor(channelOf(restored)) }
  for (const [actor, account] of restored.accounts)
    group.accounts.set(actor, accountActor(contextOf(account)))
  indexAll(group)
  return group
}

/** Evolves the one actor of such a group that a fact happened to. Fails: throws on a fact that is out of place. */
export const evolveLedger = (group: Group, fact: Fact): void => {
  if (fact.type === "account.configured" && !group.accounts.has(fact.actor))
    group.accounts.set(fact.actor, accountActor(newAccount()))
  evolve(group, fact)
}

/**
 * Returns such a group as a snapshot holds one: the regions are those in which the statecharts come to rest over the ledgers.
 *
 * Source: L1, L11.
 */
export const ledgerSnapshot = (group: Group): GroupSnapshot => {
  const { channel, accounts } = toSnapshot(group)
  return {
    channel: { ...channel, value: channelRegions(channelOf(group)) },
    accounts: accounts.map(([name, stored]) => {
      const account = group.accounts.get(name)
      return [name, account === undefined ? stored : { ...stored, value: accountRegions(contextOf(account)) }]
    }),
  }
}

/** An open actor may be anything next; a closed one that carries nothing is disabled, and one that does drains. */
const open = { admission: "open", health: "healthy", lifecycle: "enabled" }

type Regions = GroupSnapshot["channel"]["value"]

/** Returns the states in which a channel's regions come to rest. */
export const channelRegions = (ledger: ChannelContext): Regions => {
  const actor = actorName("channel", ledger.config?.id ?? "")
  const state = channelMachine.resolveState({ value: open, context: { ledger } })
  // It changes nothing, and lets the regions come to rest.
  const reset: ChannelFact = { actor, type: "channel.reset", at: 0, by: "file", cleared: [] }
  return restedAfter(start<MachineContext<ChannelContext>, ChannelFact>(channelMachine, state), reset)
}

/** Returns the states in which an account's regions come to rest. */
export const accountRegions = (ledger: AccountContext): Regions => {
  const regions = {
    ...open,
    learning: "off",
    window: ledger.windowState,
    suspension: ledger.suspended ? "suspended" : "none",
  } as const
  const state = accountMachine.resolveState({ value: regions, context: { ledger } })
  // The acceptance of an attempt that is not in flight changes nothing, and lets the regions come to rest.
  const actor = actorName("account", ledger.config?.id ?? "")
  const nobody = { request: "", attempt: 0, lease: "", ttfbMs: 0, by: "time" } as const
  const accepted: AccountFact = { actor, type: "account.accepted", at: 0, ...nobody }
  return restedAfter(start<MachineContext<AccountContext>, AccountFact>(accountMachine, state), accepted)
}

const restedAfter = <Context, F>(actor: LiveActor<Context, F>, fact: F): Regions => {
  actor.send(fact)
  return actor.getSnapshot().value
}
