import { channelCommands, type Wanted } from "@sluice/actors/configuration/configuration.ts"
import type { IngressActor, IngressCommand } from "@sluice/actors/ingress/machine.ts"
import type { Fact } from "@sluice/events/commit.ts"
import {
  channelSubject,
  configurationSubject,
  ingressSubject,
  subjectPrefix,
} from "@sluice/events/identifier.ts"
import { CommitRefused } from "@sluice/infra/actor-host/committer.ts"
import type { Denial } from "@sluice/infra/actor-host/decider.ts"
import type { HostEvents, HostOptions } from "@sluice/infra/actor-host/host-options.ts"
import { HostedSubject } from "@sluice/infra/actor-host/hosted-subject.ts"
import { UnreadableHistory } from "@sluice/infra/actor-host/loading.ts"
import { LostTail } from "@sluice/infra/actor-host/lost-tail.ts"
import { FactsRefused } from "@sluice/infra/actor-host/storable-facts.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import { type EventLog, WrongSequence } from "@sluice/infra/event-log/event-log.ts"
import type { ReadMessage } from "@sluice/infra/event-log/still-holds.ts"
import { type HostedChannel, type LoggedChannel, openChannel } from "../admission/hosted-channel.ts"
import { configurationDecider, type StoredObjects } from "./configuration-decider.ts"
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
  readonly onWaiting?: NonNullable<HostEvents["onWaiting"]>
  /** What the tables have seen last of each subject. Default: nothing. */
  readonly projected?: ReadonlyMap<string, ReadMessage>
}

/** A subject, whatever it is about. */
export type RetainedSubject = Pick<
  HostedSubject<unknown, never, Denial>,
  | "subject"
  | "time"
  | "isLive"
  | "isUntouched"
  | "stoppedBy"
  | "checkpoint"
  | "fence"
  | "close"
  | "inspect"
  | "reopen"
>

const channelPrefix = channelSubject("")

/** All the actors that one process hosts: its channels with their accounts, itself, and the configuration. Source: L1, L5. */
export class ActorNode {
  readonly channels = new Map<string, LoggedChannel>()
  readonly ingress: HostedSubject<IngressActor, IngressCommand, Denial>
  readonly configuration: HostedSubject<StoredObjects, Wanted, Denial>
  readonly #options: ActorNodeOptions
  readonly #listeners: Array<ChannelListener> = []
  #applying: Promise<void> = Promise.resolve()
  #hasStarted = false

  private constructor(
    options: ActorNodeOptions,
    ingress: HostedSubject<IngressActor, IngressCommand, Denial>,
    configuration: HostedSubject<StoredObjects, Wanted, Denial>,
  ) {
    this.#options = options
    this.ingress = ingress
    this.configuration = configuration
  }

  /** Loads everything that the log holds. A subject whose history cannot be folded stands still, with a word of it; the rest runs (L11). */
  static async open(options: ActorNodeOptions): Promise<ActorNode> {
    const { node: id, onTrouble } = options
    // They hold no limit and no lease: what they have lost is told, and keeps nobody from being served.
    const onLostTail = (lost: LostTail): void => onTrouble(lost.message, lossDetail(lost))
    const own = (subject: string): HostOptions => {
      const host = hostOptions(options, subject, {})
      return { ...host, load: { ...host.load, onLostTail } }
    }
    const [ingress, configuration] = await Promise.all([
      HostedSubject.openOrStopped(ingressSubject(id), ingressDecider, own(ingressSubject(id))),
      HostedSubject.openOrStopped(configurationSubject, configurationDecider, own(configurationSubject)),
    ])
    const node = new ActorNode(options, ingress, configuration)
    for (const subject of [ingress, configuration]) node.#tellStopped(subject)
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

  /** Notes that what the process before it left behind is ended: from now on the node may say of itself that it has stopped. Source: L12. */
  started(): void {
    this.#hasStarted = true
  }

  /**
   * Stores all that was decided, and snapshots, and at last that the node has stopped: so a stop in the log says that nothing of it is on its way any more.
   *
   * Fails: rejects with `CommitRefused` where something that was decided is void.
   * Source: L10, L12.
   */
  async close(): Promise<void> {
    const others = [this.configuration, ...this.#channelSubjects]
    const areLive = others.every(({ isLive, isUntouched }) => isLive || isUntouched)
    const closed = await Promise.allSettled(others.map((subject) => subject.close()))
    const failed = closed.find((one) => one.status === "rejected")
    if (this.#hasStarted && areLive && failed === undefined && this.ingress.isLive)
      this.ingress.execute({ type: "stop", node: this.#options.node })
    await this.ingress.close()
    if (failed !== undefined) throw failed.reason
  }

  /** Returns the subjects that it hosts: those whose history it may shorten. Source: L5. */
  get subjects(): ReadonlyArray<RetainedSubject> {
    return [this.ingress, this.configuration, ...this.#channelSubjects]
  }

  /** Returns how far the time of a subject is ahead of the machine's clock, or behind it, at most. Units: milliseconds, below zero for behind. Source: L2. */
  get aheadMs(): number {
    let most = 0
    for (const { time } of this.subjects) {
      time.now()
      if (Math.abs(time.aheadMs) > Math.abs(most)) most = time.aheadMs
    }
    return most
  }

  get #channelSubjects(): ReadonlyArray<RetainedSubject> {
    return [...this.channels.values()].map(({ subject }) => subject)
  }

  async #apply(wanted: Wanted): Promise<void> {
    const commands = [...channelCommands(this.channels.keys(), wanted)]
    for (const [id] of commands) if (!this.channels.has(id)) await this.#open(id)
    const applied = commands.map(async ([id, command]) => {
      const subject = this.channels.get(id)?.subject
      if (subject?.isLive === true) await this.#submit(subject, command)
    })
    const { configuration } = this
    if (configuration.isLive) applied.push(this.#submit(configuration, wanted))
    await Promise.all(applied)
  }

  /** A part of a configuration that cannot be stored is not in force; the rest is. */
  async #submit<Command>(
    subject: Pick<HostedSubject<unknown, Command, Denial>, "subject" | "submit">,
    command: Command,
  ): Promise<void> {
    try {
      await subject.submit(command)
    } catch (error) {
      if (!(error instanceof FactsRefused)) throw error
      const { reason } = error
      this.#options.onTrouble("a configuration is not in force: it cannot be stored", {
        subject: subject.subject,
        reason,
      })
    }
  }

  async #open(id: string): Promise<void> {
    const found = (): HostedChannel => {
      const channel = this.channels.get(id)
      if (channel === undefined) throw new Error(`${id} decides before it is open`)
      return channel
    }
    const host = hostOptions(this.#options, channelSubject(id), {
      onFacts: (facts, committed) => {
        for (const listener of this.#listeners) listener.onFacts(found(), facts, committed)
      },
      onReloaded: () => {
        for (const listener of this.#listeners) listener.onReloaded(found())
      },
    })
    const channel = await openChannel(id, host)
    this.channels.set(id, channel)
    this.#tellStopped(channel.subject)
  }

  /** Returns the subjects that stand still until they are opened again, and why. Source: L8, L11. */
  get stopped(): ReadonlyArray<StoppedSubject> {
    return this.subjects.flatMap(({ subject, stoppedBy }) =>
      stoppedBy === undefined ? [] : [{ actor: actorOf(subject), subject, ...whyStopped(stoppedBy) }],
    )
  }

  #tellStopped({ subject, stoppedBy }: Pick<RetainedSubject, "subject" | "stoppedBy">): void {
    if (stoppedBy === undefined) return
    const { reason, commit, sequence } = whyStopped(stoppedBy)
    this.#options.onTrouble(`${actorOf(subject)} stays closed: ${reason}`, { subject, commit, sequence })
  }
}

/** A subject that stands still, and why. */
export interface StoppedSubject extends WhyStopped {
  readonly actor: string
  readonly subject: string
}

interface WhyStopped {
  readonly reason: string
  /** The commit that cannot be folded; `null` where it is none. */
  readonly commit: string | null
  readonly sequence: number | null
}

/** Names a subject as an operator does: `channel/<id>`, `ingress/<node>` or `configuration`. */
const actorOf = (subject: string): string => subject.slice(subjectPrefix.length).replace(".", "/")

const whyStopped = (error: unknown): WhyStopped => {
  if (error instanceof UnreadableHistory) {
    const { commit, sequence, reason } = error
    return { reason: `its history cannot be read: ${reason}`, commit, sequence }
  }
  const none = { commit: null, sequence: null }
  if (error instanceof LostTail) return { ...none, reason: error.message }
  if (error instanceof WrongSequence || (error instanceof CommitRefused && error.reason === "tail_lost"))
    return { ...none, reason: `the log has lost its end: ${error.message}` }
  return { ...none, reason: `a defect has stopped it: ${error instanceof Error ? error.message : "?"}` }
}

const lossDetail = ({ subject, by, seen, actual }: LostTail): Record<string, unknown> => ({
  subject,
  by,
  seen,
  actual,
})

const hostOptions = (options: ActorNodeOptions, subject: string, events: HostEvents): HostOptions => ({
  log: options.log,
  clock: options.clock,
  node: options.node,
  events: {
    ...events,
    onTrouble: options.onTrouble,
    ...(options.onWaiting === undefined ? {} : { onWaiting: options.onWaiting }),
  },
  load: { projected: options.projected?.get(subject) },
})
