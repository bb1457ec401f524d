import { configurationFromCheckpoint } from "@sluice/actors/configuration/checkpoint.ts"
import {
  type Configured,
  foldConfiguration,
  noConfiguration,
} from "@sluice/actors/configuration/configuration.ts"
import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { ConfigurationFact } from "@sluice/events/configuration-fact.ts"
import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { type ConfigurationFile, Settings } from "@sluice/events/configuration/configuration.ts"
import { idOf } from "@sluice/events/identifier.ts"
import { Schema } from "effect"

/** A configuration and when it began to hold. Units: since the epoch. */
export interface ConfigurationAt {
  readonly atMs: number
  readonly wanted: ConfigurationFile
}

interface Channel {
  readonly config: ChannelConfiguration | null
  readonly accounts: ReadonlyMap<string, AccountConfiguration>
}

const none: Channel = { config: null, accounts: new Map() }

/** No fact holds a credential, and in virtual time none is needed. */
const withheld = "env:RECORDED"

/** Folds the facts that configure anything to configurations as a file would write them. Source: R4. */
export class RecordedConfiguration {
  #stored = noConfiguration
  readonly #channels = new Map<string, Channel>()
  readonly #channelOf = new Map<string, string>()
  #checkpoint: Array<CheckpointFact> = []
  readonly history: Array<ConfigurationAt> = []

  /** Takes the facts of one commit; `channel` is the one that they are of, if any. */
  take(facts: ReadonlyArray<Fact>, channel: string | undefined, atMs: number): void {
    let isChanged = false
    for (const fact of facts) if (this.#fold(fact, channel)) isChanged = true
    if (!isChanged) return
    if (this.history.at(-1)?.atMs === atMs) this.history.pop()
    this.history.push({ atMs, wanted: this.#wanted() })
  }

  /** Returns what is configured of a channel now. */
  channel(id: string): ChannelConfiguration | undefined {
    return this.#channels.get(id)?.config ?? undefined
  }

  #fold(fact: Fact, channel: string | undefined): boolean {
    switch (fact.type) {
      case "channel.configured":
        this.#setChannel(idOf(fact.actor), fact.config)
        return true
      case "channel.removed":
        this.#setChannel(idOf(fact.actor), null)
        return true
      case "account.configured":
        this.#setAccount(idOf(fact.actor), fact.config, fact.channel)
        return true
      case "account.removed":
        this.#setAccount(idOf(fact.actor), null, channel)
        return true
      case "channel.checkpointed":
        return this.#restore(fact, (config) => this.#setChannel(idOf(fact.actor), config))
      case "account.checkpointed":
        return this.#restore(fact, (config) => this.#setAccount(idOf(fact.actor), config, channel))
      case "configuration.checkpointed":
        return this.#restoreObjects(fact)
      default:
        if (!isOfConfiguration(fact)) return false
        this.#stored = foldConfiguration([fact], this.#stored)
        return true
    }
  }

  /** A checkpoint that goes on in other facts tells the configuration in the first of each actor. */
  #restore<C>(
    { context }: { readonly context: { readonly config?: C | null; readonly [field: string]: unknown } },
    set: (config: C | null) => void,
  ): boolean {
    if (context.config === undefined) return false
    set(context["removed"] === true ? null : context.config)
    return true
  }

  #restoreObjects(fact: CheckpointFact): boolean {
    this.#checkpoint.push(fact)
    if (fact.part < fact.parts - 1) return false
    this.#stored = configurationFromCheckpoint(this.#checkpoint) ?? this.#stored
    this.#checkpoint = []
    return true
  }

  #setChannel(id: string, config: ChannelConfiguration | null): void {
    this.#channels.set(id, { ...(this.#channels.get(id) ?? none), config })
  }

  #setAccount(id: string, config: AccountConfiguration | null, of: string | undefined): void {
    const channel = of ?? this.#channelOf.get(id)
    if (channel === undefined) return
    this.#channelOf.set(id, channel)
    const known = this.#channels.get(channel) ?? none
    const accounts = new Map(known.accounts)
    if (config === null) accounts.delete(id)
    else accounts.set(id, config)
    this.#channels.set(channel, { ...known, accounts })
  }

  #wanted(): ConfigurationFile {
    const { pools, clients, settings } = this.#stored
    return {
      settings: settings?.config ?? usualSettings,
      pools: inForce(pools),
      channels: [...this.#channels.values()].flatMap(({ config, accounts }) =>
        config === null
          ? []
          : [
              {
                ...config,
                accounts: [...accounts.values()].map((account) => ({ ...account, credential: withheld })),
              },
            ],
      ),
      clients: inForce(clients).map((client) => ({ ...client, key: withheld })),
    }
  }
}

const usualSettings: Settings = Schema.decodeUnknownSync(Settings)({})

const inForce = <T>(objects: ReadonlyMap<string, Configured<T>>): ReadonlyArray<T> =>
  [...objects.values()].flatMap(({ config, removed }) => (removed ? [] : [config]))

const isOfConfiguration = (fact: Fact): fact is ConfigurationFact =>
  /^(pool|client|settings)\./u.test(fact.type)
