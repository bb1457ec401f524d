import { channelCommands, type Wanted } from "@sluice/actors/configuration.ts"
import type { IngressActor, IngressCommand } from "@sluice/actors/ingress.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { channelSubject, configurationSubject, ingressSubject } from "@sluice/events/identifier.ts"
import type { Refusal } from "@sluice/infra/actor-host/decider.ts"
import { type HostEvents, type HostOptions, HostedSubject } from "@sluice/infra/actor-host/hosted-subject.ts"
import { UnreadableHistory } from "@sluice/infra/actor-host/loading.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { configurationDecider, type KeptConfiguration } from "./configuration-decider.ts"
import { type HostedChannel, openChannel } from "./hosted-channel.ts"
import { ingressDecider } from "./ingress-decider.ts"

/** Who follows what happens on the channels. */
export interface ChannelListener {
  onFacts(channel: HostedChannel, facts: ReadonlyArray<Fact>, committed: Promise<void>): void
  onReloaded(channel: HostedChannel): void
}

/** What the actors of a process need. */
export interface ActorNodeOptions {
  readonly log: EventLog
  readonly clock: Clock
  readonly node: string
  readonly onTrouble: NonNullable<HostEvents["onTrouble"]>
}

/** A subject, whatever it is about. */
export type KeptSubject = Pick<
  HostedSubject<unknown, never, Refusal>,
  "subject" | "isLive" | "checkpoint" | "close"
>

const channelPrefix = channelSubject("")

/** All the actors that one process hosts: its channels with their accounts, itself, and the configuration. Source: L1, L5. */
export class ActorNode {
  readonly channels = new Map<string, HostedChannel>()
  readonly ingress: HostedSubject<IngressActor, IngressCommand, Refusal>
  readonly #configuration: HostedSubject<KeptConfiguration, Wanted, Refusal>
  readonly #options: ActorNodeOptions
  readonly #listeners: Array<ChannelListener> = []
  #applying: Promise<void> = Promise.resolve()

  private constructor(
    options: ActorNodeOptions,
    ingress: HostedSubject<IngressActor, IngressCommand, Refusal>,
    configuration: HostedSubject<KeptConfiguration, Wanted, Refusal>,
  ) {
    this.#options = options
    this.ingress = ingress
    this.#configuration = configuration
  }

  /** Loads everything that the log holds. A channel whose history cannot be read stays closed, with a word of it; the rest runs (L11). */
  static async open(options: ActorNodeOptions): Promise<ActorNode> {
    const host = hostOptions(options, {})
    const [ingress, configuration] = await Promise.all([
      HostedSubject.open(ingressSubject(options.node), ingressDecider, host),
      HostedSubject.open(configurationSubject, configurationDecider, host),
    ])
    const node = new ActorNode(options, ingress, configuration)
    const subjects = await options.log.subjects()
    const ids = subjects.filter((subject) => subject.startsWith(channelPrefix))
    await Promise.all(ids.map((subject) => node.#open(subject.slice(channelPrefix.length))))
    return node
  }

  /** Tells someone of all that happens on the channels from now on, in the turn in which it is decided. Source: L4. */
  listen(listener: ChannelListener): void {
    this.#listeners.push(listener)
  }

  /** Makes channels, accounts, pools, clients and settings what is wanted, one configuration after the other. Source: A10. */
  apply(wanted: Wanted): Promise<void> {
    this.#applying = this.#applying.then(() => this.#apply(wanted))
    return this.#applying
  }

  /** Stores all that was decided, and snapshots. */
  async close(): Promise<void> {
    await Promise.all(this.subjects.map((subject) => subject.close()))
  }

  /** Gives the subjects that it hosts: those whose history it may shorten. Source: L5. */
  get subjects(): ReadonlyArray<KeptSubject> {
    const channels = [...this.channels.values()].map(({ subject }) => subject)
    return [this.ingress, this.#configuration, ...channels]
  }

  async #apply(wanted: Wanted): Promise<void> {
    this.#configuration.execute(wanted)
    for (const [id, command] of channelCommands(this.channels.keys(), wanted)) {
      const channel = this.channels.get(id) ?? (await this.#open(id))
      if (channel?.subject.isLive === true) channel.subject.execute(command)
    }
    await Promise.all([
      this.#configuration.settled,
      ...[...this.channels.values()].map(({ subject }) => subject.settled),
    ])
  }

  async #open(id: string): Promise<HostedChannel | undefined> {
    const found = (): HostedChannel => {
      const channel = this.channels.get(id)
      if (channel === undefined) throw new Error(`${id} decides before it is open`)
      return channel
    }
    const host = hostOptions(this.#options, {
      onFacts: (facts, committed) => {
        for (const listener of this.#listeners) listener.onFacts(found(), facts, committed)
      },
      onReloaded: () => {
        for (const listener of this.#listeners) listener.onReloaded(found())
      },
    })
    try {
      const channel = await openChannel(id, host)
      this.channels.set(id, channel)
      return channel
    } catch (error) {
      if (!(error instanceof UnreadableHistory)) throw error
      const { commit, sequence, reason } = error
      this.#options.onTrouble("a channel stays closed: its history cannot be read", {
        channel: id,
        commit,
        sequence,
        reason,
      })
      return undefined
    }
  }
}

const hostOptions = (options: ActorNodeOptions, events: HostEvents): HostOptions => ({
  log: options.log,
  clock: options.clock,
  node: options.node,
  events: { ...events, onTrouble: options.onTrouble },
})
