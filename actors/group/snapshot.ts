import type { AccountFact } from "@sluice/events/account.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import { Hash } from "effect"
import type { StateValue } from "xstate"
import type { AccountContext, AccountLease } from "../account/context.ts"
import { accountLogic, accountMachine } from "../account/machine.ts"
import type { AccountStates } from "../account/states.ts"
import type { ChannelContext, ChannelLease } from "../channel/ledger.ts"
import { channelLogic, channelMachine } from "../channel/machine.ts"
import type { ChannelStates } from "../channel/states.ts"
import { type MachineContext, start } from "../machine/live-actor.ts"
import { Lanes, type StoredLanes } from "../queue/lanes.ts"
import { Leases } from "../rules/leases.ts"
import { byModel } from "../rules/named-models.ts"
import type { ServiceTime } from "../rules/service-times.ts"
import { Sessions, type Stay } from "../rules/sessions.ts"
import { createGroup, type Group, indexAll } from "./group.ts"

interface Stored<Context> {
  readonly value: StateValue
  readonly context: Context
}

type StoredChannel = Stored<
  Omit<ChannelContext, "leases" | "lanes" | "holds"> & {
    readonly leases: ReadonlyArray<ChannelLease>
    readonly lanes: StoredLanes
    readonly holds: ReadonlyArray<readonly [model: string, hold: ServiceTime]>
  }
>

type StoredAccount = Stored<
  Omit<AccountContext, "leases" | "sessions"> & {
    readonly leases: ReadonlyArray<AccountLease>
    readonly sessions: ReadonlyArray<Stay>
  }
>

/** A group as JSON, waiters included, so that folding the tail onto it gives the same as folding all (L13). */
export interface GroupSnapshot {
  readonly channel: StoredChannel
  readonly accounts: ReadonlyArray<readonly [actor: string, account: StoredAccount]>
}

/** Names machines by their definitions: a snapshot is only read back by those that wrote it. Source: L11. */
export const machineHashOf = (...machines: ReadonlyArray<{ readonly definition: unknown }>): string =>
  Hash.string(JSON.stringify(machines.map(({ definition }) => definition))).toString(16)

/** Counts the changes of what the contexts hold, which the definitions of the machines do not show. */
const contexts = { definition: 14 }

/** Names the machines of a group. */
export const machineHash: string = machineHashOf(channelMachine, accountMachine, contexts)

/** Returns a group as JSON. */
export const toSnapshot = (group: Group): GroupSnapshot => {
  const {
    value,
    context: { ledger: context },
  } = group.channel.getSnapshot()
  return {
    channel: {
      value,
      context: {
        ...context,
        leases: [...context.leases],
        lanes: context.lanes.toJSON(),
        holds: [...context.holds],
        blockedModels: { ...context.blockedModels },
      },
    },
    accounts: [...group.accounts].map(([actor, account]) => {
      const snapshot = account.getSnapshot()
      const { ledger } = snapshot.context
      const stored = {
        ...ledger,
        leases: [...ledger.leases],
        sessions: ledger.sessions.toJSON(),
        modelCooldowns: { ...ledger.modelCooldowns },
        modelCounts: { ...ledger.modelCounts },
      }
      return [actor, { value: snapshot.value, context: stored }]
    }),
  }
}

/** Makes the group again that `toSnapshot` wrote. */
export const fromSnapshot = (stored: GroupSnapshot): Group => {
  const group = createGroup()
  const context: ChannelContext = {
    ...stored.channel.context,
    leases: new Leases(stored.channel.context.leases),
    lanes: Lanes.from(stored.channel.context.lanes),
    holds: new Map(stored.channel.context.holds),
    blockedModels: byModel(stored.channel.context.blockedModels),
  }
  const channel = channelMachine.resolveState({ value: stored.channel.value, context: { ledger: context } })
  const accounts = stored.accounts.map(([actor, { value, context: of }]) => {
    const restored: AccountContext = {
      ...of,
      leases: new Leases(of.leases),
      modelCooldowns: byModel(of.modelCooldowns),
      modelCounts: byModel(of.modelCounts),
      sessions: Sessions.from(
        of.sessions,
        of.leases.flatMap(({ session }) => session ?? []),
      ),
    }
    const state = accountMachine.resolveState({ value, context: { ledger: restored } })
    return [
      actor,
      start<MachineContext<AccountContext>, AccountFact, AccountStates>(accountLogic, state),
    ] as const
  })
  for (const [actor, account] of accounts) group.accounts.set(actor, account)
  const whole = {
    ...group,
    channel: start<MachineContext<ChannelContext>, ChannelFact, ChannelStates>(channelLogic, channel),
  }
  indexAll(whole)
  return whole
}
