import type { AccountFact } from "@sluice/events/account.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import { Hash } from "effect"
import type { StateValue } from "xstate"
import { type AccountContext, type AccountLease, accountMachine } from "./account.ts"
import { type ChannelContext, type ChannelLease, channelMachine } from "./channel.ts"
import { contextOf, createGroup, type Group, index } from "./group.ts"
import { Lanes } from "./lanes.ts"
import { start } from "./live-actor.ts"

interface Stored<Context> {
  readonly value: StateValue
  readonly context: Context
}

type StoredChannel = Stored<
  Omit<ChannelContext, "leases" | "lanes"> & {
    readonly leases: ReadonlyArray<ChannelLease>
    readonly lanes: ReturnType<Lanes["toJSON"]>
  }
>

type StoredAccount = Stored<Omit<AccountContext, "leases"> & { readonly leases: ReadonlyArray<AccountLease> }>

/** A group as JSON, waiters included, so that folding the tail onto it gives the same as folding all (L13). */
export interface GroupSnapshot {
  readonly channel: StoredChannel
  readonly accounts: ReadonlyArray<readonly [actor: string, account: StoredAccount]>
}

/** Names machines by their definitions: a snapshot is only read back by those that wrote it. Source: L11. */
export const machineHashOf = (...machines: ReadonlyArray<{ readonly definition: unknown }>): string =>
  Hash.string(JSON.stringify(machines.map(({ definition }) => definition))).toString(16)

/** Names the machines of a group. */
export const machineHash: string = machineHashOf(channelMachine, accountMachine)

/** Gives a group as JSON. */
export const toSnapshot = (group: Group): GroupSnapshot => {
  const { value, context } = group.channel.getSnapshot()
  return {
    channel: {
      value,
      context: { ...context, leases: [...context.leases.values()], lanes: context.lanes.toJSON() },
    },
    accounts: [...group.accounts].map(([actor, account]) => {
      const snapshot = account.getSnapshot()
      const leases = [...snapshot.context.leases.values()]
      return [actor, { value: snapshot.value, context: { ...snapshot.context, leases } }]
    }),
  }
}

/** Makes the group again that `toSnapshot` wrote. */
export const fromSnapshot = (stored: GroupSnapshot): Group => {
  const group = createGroup()
  const context: ChannelContext = {
    ...stored.channel.context,
    leases: byLease(stored.channel.context.leases),
    lanes: Lanes.from(stored.channel.context.lanes),
  }
  const channel = channelMachine.resolveState({ value: stored.channel.value, context })
  const accounts = stored.accounts.map(([actor, { value, context: of }]) => {
    const restored: AccountContext = { ...of, leases: byLease(of.leases) }
    const state = accountMachine.resolveState({ value, context: restored })
    return [actor, start<AccountContext, AccountFact>(accountMachine, state)] as const
  })
  for (const [actor, account] of accounts) {
    group.accounts.set(actor, account)
    if (contextOf(account).cooldown !== null) group.cooling.add(account)
  }
  const whole = { ...group, channel: start<ChannelContext, ChannelFact>(channelMachine, channel) }
  index(whole)
  return whole
}

const byLease = <L extends { readonly lease: string }>(leases: ReadonlyArray<L>): Map<string, L> =>
  new Map(leases.map((lease) => [lease.lease, lease]))
