import type { AccountActor } from "@sluice/actors/account/states.ts"
import type { ChannelActor } from "@sluice/actors/channel/states.ts"
import { configurationFromCheckpoint } from "@sluice/actors/configuration/checkpoint.ts"
import {
  foldConfiguration,
  noConfiguration,
  type StoredConfiguration,
} from "@sluice/actors/configuration/configuration.ts"
import { groupFromCheckpoint } from "@sluice/actors/group/checkpoint.ts"
import { createGroup, evolve, type Group } from "@sluice/actors/group/group.ts"
import {
  fromSnapshot,
  type GroupSnapshot,
  machineHash,
  machineHashOf,
  toSnapshot,
} from "@sluice/actors/group/snapshot.ts"
import { ingressFromCheckpoint } from "@sluice/actors/ingress/checkpoint.ts"
import {
  createIngress,
  evolveIngress,
  ingressMachine,
  type IngressSnapshot,
  ingressSnapshot,
} from "@sluice/actors/ingress/machine.ts"
import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { ConfigurationFact } from "@sluice/events/configuration-fact.ts"
import { channelSubject, idOf, ingressSubject, kindOf } from "@sluice/events/identifier.ts"
import type { IngressFact } from "@sluice/events/ingress.ts"

/** An actor at one instant, as JSON: the states of its regions, and all that its facts say. */
export interface ActorState {
  readonly value: unknown
  readonly context: Readonly<Record<string, unknown>>
}

/** What the facts of one subject make, by what the real actors keep. */
export interface FoldedSubject {
  /** The channel with its accounts, where the subject is one's. */
  readonly group?: Group
  /** Fails: throws on a fact that is out of place. */
  evolve(fact: Fact): void
  /** Returns the names of its actors. */
  actors(): ReadonlyArray<string>
  stateOf(actor: string): ActorState | undefined
  /** Begins a fold anew at what a checkpoint of the subject holds; gives `undefined` for one that this code cannot read. Source: L5. */
  fromCheckpoint(parts: ReadonlyArray<CheckpointFact>): FoldedSubject | undefined
  /** Returns all of it as a snapshot holds it; `null` where none is kept. */
  snapshot(): unknown
  /** Names the code that can read its snapshots. */
  readonly machineHash: string
}

/** Begins the fold of a subject, at nothing or at what a snapshot of this code holds. Source: L1, L11. */
export const foldOf = (subject: string, stored?: unknown): FoldedSubject => {
  if (subject.startsWith(channelSubject("")))
    return foldOfGroup(subject, stored === undefined ? createGroup() : fromSnapshot(stored as GroupSnapshot))
  if (subject.startsWith(ingressSubject("")))
    return foldOfIngress(subject, stored as IngressSnapshot | undefined)
  return foldOfConfiguration()
}

const foldOfGroup = (subject: string, group: Group): FoldedSubject => {
  const channel = `channel/${subject.slice(channelSubject("").length)}`
  return {
    group,
    evolve: (fact) => evolve(group, fact),
    actors: () => [channel, ...group.accounts.keys()],
    stateOf: (actor) => {
      if (actor === channel) return channelState(group.channel)
      const account = group.accounts.get(actor)
      return account && accountState(account)
    },
    fromCheckpoint: (parts) => {
      const read = groupFromCheckpoint(parts)
      return read && foldOfGroup(subject, read)
    },
    snapshot: () => toSnapshot(group),
    machineHash,
  }
}

/** Actors change in place and go on: what is shown of one instant is a copy. */
const copyOf = (context: object): ActorState["context"] =>
  JSON.parse(JSON.stringify(context)) as ActorState["context"]

const channelState = (channel: ChannelActor): ActorState => {
  const {
    value,
    context: { ledger },
  } = channel.getSnapshot()
  const { demands, ...lanes } = ledger.lanes.toJSON()
  const waiters = demands.flat().flatMap((lane) => lane.waiters)
  const context = {
    ...ledger,
    lanes: { ...lanes, waiters: Object.fromEntries(waiters.map((waiter) => [waiter.request, waiter])) },
    holds: Object.fromEntries(ledger.holds),
  }
  return { value, context: copyOf(context) }
}

const accountState = (account: AccountActor): ActorState => {
  const {
    value,
    context: { ledger },
  } = account.getSnapshot()
  const context = {
    ...ledger,
    sessions: Object.fromEntries(ledger.sessions.toJSON().map((stay) => [stay.session, stay])),
  }
  return { value, context: copyOf(context) }
}

const foldOfIngress = (subject: string, stored: IngressSnapshot | undefined): FoldedSubject => {
  const ingress = createIngress(stored)
  const name = `ingress/${subject.slice(ingressSubject("").length)}`
  const snapshot = () => ingressSnapshot(ingress)
  return {
    evolve: (fact) => evolveIngress(ingress, fact as IngressFact),
    actors: () => [name],
    stateOf: (actor) => {
      if (actor !== name) return undefined
      const { value, context } = snapshot()
      return { value, context: copyOf(context) }
    },
    fromCheckpoint: (parts) => {
      const read = ingressFromCheckpoint(parts)
      return read && foldOfIngress(subject, ingressSnapshot(read))
    },
    snapshot,
    machineHash: machineHashOf(ingressMachine),
  }
}

/** Pools, clients and settings have no machine: what they are is their configuration. */
const foldOfConfiguration = (beginning = noConfiguration): FoldedSubject => {
  let stored = beginning
  const objects = () => objectsIn(stored)
  return {
    evolve: (fact) => {
      stored = foldConfiguration([fact as ConfigurationFact], stored)
    },
    actors: () => [...objects().keys()],
    stateOf: (actor) => {
      const found = objects().get(actor)
      return found && { value: found.removed ? "removed" : "configured", context: copyOf(found) }
    },
    fromCheckpoint: (parts) => {
      const read = configurationFromCheckpoint(parts)
      return read && foldOfConfiguration(read)
    },
    snapshot: () => null,
    machineHash: "folded",
  }
}

const objectsIn = ({ pools, clients, settings }: StoredConfiguration) =>
  new Map<string, { readonly removed: boolean }>([
    ...[...pools].map(([id, pool]) => [`pool/${id}`, pool] as const),
    ...[...clients].map(([id, client]) => [`client/${id}`, client] as const),
    ...(settings === undefined ? [] : [["settings/installation", settings] as const]),
  ])

/** True if an actor's facts stand in a subject by its name alone. */
export const isNamedBy = (actor: string, subject: string): boolean =>
  (kindOf(actor) === "channel" && subject === channelSubject(idOf(actor))) ||
  (kindOf(actor) === "ingress" && subject === ingressSubject(idOf(actor)))
