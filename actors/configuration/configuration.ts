import type { ConfigurationFact } from "@sluice/events/configuration-fact.ts"
import {
  type AdaptiveSettings,
  isAdaptive,
  type LimitMode,
} from "@sluice/events/configuration/adaptive-limit.ts"
import type {
  ClientConfiguration,
  ConfigurationFile,
  PoolConfiguration,
  Settings,
} from "@sluice/events/configuration/configuration.ts"
import { accountsOf } from "@sluice/events/configuration/implicit-account.ts"
import { type ActorKind, actorName, idOf } from "@sluice/events/identifier.ts"
import { Equal, Struct } from "effect"
import { boundsIn } from "../adaptive/settings.ts"
import type { Configure } from "../decisions/command.ts"

/** A configured object as its facts say it is; one that was removed keeps its revision. */
export interface Configured<T> {
  readonly config: T
  readonly revision: number
  readonly removed: boolean
}

/** All that the configuration's facts say: pools, clients and settings, by id, in the order in which they came. Source: L5. */
export interface StoredConfiguration {
  readonly pools: ReadonlyMap<string, Configured<PoolConfiguration>>
  readonly clients: ReadonlyMap<string, Configured<ClientConfiguration>>
  readonly settings: Configured<Settings> | undefined
}

/** What is stored before the first fact. */
export const noConfiguration: StoredConfiguration = {
  pools: new Map(),
  clients: new Map(),
  settings: undefined,
}

/** Folds the facts of pools, clients and settings onto what is stored, which stays as it is. */
export const foldConfiguration = (
  facts: Iterable<ConfigurationFact>,
  stored: StoredConfiguration = noConfiguration,
): StoredConfiguration => {
  const pools = new Map(stored.pools)
  const clients = new Map(stored.clients)
  let { settings } = stored
  for (const fact of facts)
    switch (fact.type) {
      case "pool.configured":
        pools.set(idOf(fact.actor), { config: fact.config, revision: fact.revision, removed: false })
        break
      case "client.configured":
        clients.set(idOf(fact.actor), { config: fact.config, revision: fact.revision, removed: false })
        break
      case "settings.configured":
        settings = { config: fact.config, revision: fact.revision, removed: false }
        break
      case "pool.removed":
        markRemoved(pools, fact.actor)
        break
      case "client.removed":
        markRemoved(clients, fact.actor)
        break
    }
  return { pools, clients, settings }
}

/** What a configuration asks for, by whom and when. */
export interface Wanted {
  readonly wanted: ConfigurationFile
  /** Names the credential of each account that has one. Source: C7. */
  readonly credentials?: ReadonlyMap<string, string>
  readonly by: string
}

const noCredentials: ReadonlyMap<string, string> = new Map()

/**
 * Returns the facts of pools, clients and settings that make what is stored what is wanted; none where they are alike.
 *
 * An object that did not change has no fact, whatever changed beside it; `revision` counts per object from 1, over a removal too.
 * Source: A10.
 */
export const configurationFacts = (
  stored: StoredConfiguration,
  { wanted, by, at }: Wanted & { readonly at: number },
): ReadonlyArray<ConfigurationFact> => {
  const settings = changeOf(stored.settings, wanted.settings)
  const clients = difference(
    "client",
    stored.clients,
    wanted.clients.map((client) => Struct.omit(client, ["key"])),
  )
  const pools = difference("pool", stored.pools, wanted.pools)
  return [
    ...settings.map((change) => ({
      type: "settings.configured" as const,
      actor: installation,
      at,
      by,
      ...change,
    })),
    ...pools.configured.map((change) => ({ type: "pool.configured" as const, at, by, ...change })),
    ...pools.removed.map((actor) => ({ type: "pool.removed" as const, at, by, actor })),
    ...clients.configured.map((change) => ({ type: "client.configured" as const, at, by, ...change })),
    ...clients.removed.map((actor) => ({ type: "client.removed" as const, at, by, actor })),
  ]
}

/**
 * Returns the command for each channel that is wanted, and for each stored one that no longer is; the channel decides what of it is new.
 *
 * Source: A10.
 */
export const channelCommands = (
  storedChannels: Iterable<string>,
  { wanted, credentials = noCredentials, by }: Wanted,
): ReadonlyMap<string, Configure> => {
  const commands = new Map<string, Configure>()
  const told = { type: "configure", credentials, by } as const
  const { queueOrder, adaptive } = wanted.settings
  for (const id of storedChannels) commands.set(id, { ...told, channel: null, accounts: [] })
  for (const channel of wanted.channels)
    commands.set(channel.id, {
      ...told,
      // Where it is not said in which order a channel serves, or how a limit is learned, the fact says what the settings did.
      channel: {
        ...Struct.omit(channel, ["accounts"]),
        queueOrder: channel.queueOrder ?? queueOrder,
        maxConcurrent: learnedIn(adaptive, channel.maxConcurrent),
      },
      accounts: accountsOf(channel).map((account) => ({
        ...Struct.omit(account, ["credential"]),
        concurrency: learnedIn(adaptive, account.concurrency),
      })),
    })
  return commands
}

const learnedIn = (settings: AdaptiveSettings, limit: LimitMode): LimitMode =>
  isAdaptive(limit) ? { adaptive: boundsIn(settings, limit.adaptive) } : limit

const installation = actorName("settings", "installation")

const markRemoved = <T>(objects: Map<string, Configured<T>>, actor: string): void => {
  const object = objects.get(idOf(actor))
  if (object !== undefined) objects.set(idOf(actor), { ...object, removed: true })
}

const changeOf = <T>(stored: Configured<T> | undefined, config: T) =>
  stored !== undefined && !stored.removed && Equal.equals(stored.config, config)
    ? []
    : [{ config, revision: (stored?.revision ?? 0) + 1 }]

const difference = <T extends { readonly id: string }>(
  kind: ActorKind,
  stored: ReadonlyMap<string, Configured<T>>,
  wanted: ReadonlyArray<T>,
) => {
  const ids = new Set(wanted.map(({ id }) => id))
  return {
    configured: wanted.flatMap((config) =>
      changeOf(stored.get(config.id), config).map((change) => ({
        actor: actorName(kind, config.id),
        ...change,
      })),
    ),
    removed: [...stored]
      .filter(([id, { removed }]) => !removed && !ids.has(id))
      .map(([id]) => actorName(kind, id)),
  }
}
