import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { Predicate } from "effect"
import { newAccount } from "../account/context.ts"
import { accountMachine } from "../account/machine.ts"
import { newChannel } from "../channel/ledger.ts"
import { channelMachine } from "../channel/machine.ts"
import { start } from "../machine/live-actor.ts"
import type { StoredLanes } from "../queue/lanes.ts"
import { type ActorState, checkpointOf, known, statesIn } from "./checkpoint-parts.ts"
import { channelOf, type Group } from "./group.ts"
import { fromSnapshot, machineHash, toSnapshot } from "./snapshot.ts"

type Context = ActorState["context"]

/**
 * Counts the changes of what a checkpoint holds that are more than a new field.
 *
 * A field that an older checkpoint lacks is as in a new actor; what was renamed or means something else is read here by its `shape`, for ever.
 * Source: L5, L13.
 */
const shape = 1

/** Returns the whole state of a group as facts, those who wait included: a fold that begins with them goes on as one that saw all. Source: L5, L13. */
export const checkpointGroup = (group: Group, at: number): ReadonlyArray<CheckpointFact> => {
  const { channel, accounts } = toSnapshot(group)
  const { lanes, ...context } = channel.context
  const { demands, shares, ...turns } = lanes
  const waiters = demands.flatMap((demand) => demand.flatMap((lane) => lane.waiters))
  const states: ReadonlyArray<ActorState> = [
    {
      actor: actorName("channel", channelOf(group).config?.id ?? ""),
      type: "channel.checkpointed",
      value: channel.value,
      context: { ...context, lanes: turns, shares, waiters },
    },
    ...accounts.map(([actor, account]): ActorState => ({
      actor,
      type: "account.checkpointed",
      value: account.value,
      context: { ...account.context },
    })),
  ]
  return checkpointOf(states, { at, shape, machineHash })
}

/** Makes the group again whose state `checkpointGroup` gave; `undefined` where later code wrote it. Source: L11, L13. */
export const groupFromCheckpoint = (facts: ReadonlyArray<CheckpointFact>): Group | undefined => {
  if (facts.some((fact) => fact.shape > shape)) return undefined
  const [channel, ...accounts] = statesIn(facts)
  if (channel === undefined) return undefined
  return fromSnapshot({
    channel: {
      value: { ...regionsOf(channelMachine), ...regionsIn(channelMachine, channel.value) },
      context: channelContext(channel.context),
    },
    accounts: accounts.map(({ actor, value, context }) => [
      actor,
      {
        value: { ...regionsOf(accountMachine), ...regionsIn(accountMachine, value) },
        context: known({ ...newAccount(), leases: [], sessions: [] }, context),
      },
    ]),
  })
}

const channelContext = ({ lanes, shares, waiters, ...context }: Context) => {
  const stored = { ...(lanes as StoredLanes), shares, demands: [[{ share: "", waiters }]] } as StoredLanes
  const whole = { ...limitIn(context), ...context, leases: withLevels(context["leases"]) }
  return known({ ...newChannel(), leases: [], holds: [], lanes: stored }, whole)
}

/** An older checkpoint does not tell the limit beside the configuration. */
const limitIn = ({ config }: Context) => ({
  mode: Predicate.hasProperty(config, "maxConcurrent") ? config.maxConcurrent : null,
})

/** An older checkpoint does not tell with how many in flight an attempt was sent; they stand in the order in which they were. */
const withLevels = (leases: unknown): ReadonlyArray<unknown> =>
  Array.isArray(leases)
    ? leases.map((lease: object, before) =>
        "level" in lease ? lease : { ...lease, level: before + 1, acceptedBy: null },
      )
    : []

type Machine = typeof channelMachine | typeof accountMachine

/** The state of each region before anything happened. */
const regionsOf = (machine: Machine) => start(machine).getSnapshot().value as Readonly<Record<string, string>>

/** The stored state of those regions that the machine still has. */
const regionsIn = (machine: Machine, value: unknown) =>
  Object.fromEntries(
    Object.entries(value as Readonly<Record<string, string>>).filter(
      ([region, state]) => machine.root.states[region]?.states[state] !== undefined,
    ),
  )
