import type { Fact } from "@sluice/events/commit.ts"
import type { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { CommitRefused } from "@sluice/infra/actor-host/committer.ts"
import { sleep } from "@sluice/infra/clock/clock.ts"
import { type Clock, fromWall } from "@sluice/infra/clock/clock.ts"
import { LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import { WrongSequence } from "@sluice/infra/event-log/event-log.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { ActorAdmission } from "@sluice/ingress/admission/admission.ts"
import type { HostedChannel } from "@sluice/ingress/admission/hosted-channel.ts"
import { createRoutes } from "@sluice/ingress/admission/routes.ts"
import { ActorNode } from "@sluice/ingress/hosting/actor-node.ts"
import { type GuardedLog, guardLog } from "@sluice/ingress/hosting/guarded-log.ts"
import { recover } from "@sluice/ingress/hosting/recovery.ts"
import type { Demand } from "@sluice/simulation/demand.ts"
import type { Way, VirtualAttempt } from "@sluice/simulation/virtual-attempt.ts"
import type { FaultPlan } from "../fault-plan.ts"
import type { Sabotage } from "../sabotage.ts"
import { DiskFailed, type SimulatedDisk } from "../world/simulated-disk.ts"
import type { SimulatedJetStream } from "../world/simulated-jetstream.ts"
import { type LinkOptions, SimulatedLink } from "../world/simulated-link.ts"
import { type MachineClock, ProcessClock } from "./process-clock.ts"
import { ServedRequest, type ServedThrough } from "./served-request.ts"
import { openSimulatedLog } from "./simulated-log.ts"

/** What a process runs in. */
export interface ProcessOptions extends Pick<Way, "networkMs" | "upstreamOf"> {
  readonly plan: FaultPlan
  readonly world: Clock
  readonly machineClock: MachineClock
  readonly server: SimulatedJetStream
  readonly disk: SimulatedDisk
  readonly network: LinkOptions["faults"]
  readonly random: () => number
  readonly sabotage: Sabotage
  readonly logger: Logger
  /** As it is now. */
  readonly wanted: () => ConfigurationFile
  readonly listener: ProcessListener
}

/** Who watches a process. */
export interface ProcessListener {
  /** What was decided, in the turn in which it was. */
  onFacts(channel: HostedChannel, facts: ReadonlyArray<Fact>): void
  onReloaded(channel: HostedChannel): void
  onTrouble(message: string, detail: Record<string, unknown>): void
  /** The log has taken something of it that came after its end. */
  onStoredAfterEnd(subject: string): void
  /** It cannot start; the one who keeps it running starts it again. */
  onFailed(reason: string): void
  /** It has failed in a way that must not be. */
  onDefect(error: unknown): void
  onEndSeen: ServedThrough["onEndSeen"]
}

/** The name of the process in the log, whichever run of it. */
export const nodeId = "node"

const graceMs = 3_000
const lastCommitsMs = 5_000
const noCost = { standardCostNanoUsd: 0, priced: true, prices: "none" }

/**
 * One run of the ingress: the real guarded log, actors, recovery and admission, over a simulated log and disk.
 *
 * Source: L6–L12.
 */
export class SimulatedProcess {
  readonly clock: ProcessClock
  readonly link: SimulatedLink
  readonly #options: ProcessOptions
  readonly #requests = new Set<ServedRequest>()
  readonly #sent = new Set<VirtualAttempt>()
  #guarded: GuardedLog | undefined
  #node: ActorNode | undefined
  #admission: ActorAdmission | undefined
  #isStopping = false

  constructor(options: ProcessOptions) {
    const { world, machineClock, server, random, network, sabotage, listener } = options
    this.#options = options
    this.clock = new ProcessClock(world, machineClock)
    this.link = new SimulatedLink({
      server,
      world,
      process: this.clock,
      random,
      faults: network,
      sabotage,
      onStoredAfterEnd: ({ subject }) => listener.onStoredAfterEnd(subject),
    })
    this.clock.onKill(() => this.#abandonUpstreams())
    this.#start().catch((error: unknown) => this.#onFailed(error))
  }

  /** True if it takes requests. */
  get isServing(): boolean {
    return this.clock.isAlive && this.#admission !== undefined && !this.#isStopping
  }

  /** Its actors, once they are loaded. */
  get node(): ActorNode | undefined {
    return this.#node
  }

  /** How many requests it has that have no end yet. */
  get underWay(): number {
    return this.#requests.size
  }

  /** How many of its requests wait for a slot. */
  get waiting(): number {
    return this.#admission?.waiting ?? 0
  }

  /** What its spool holds. */
  get spoolBytes(): number {
    return this.#guarded?.health().spoolBytes ?? 0
  }

  /** Takes a request. */
  serve(demand: Demand, id: string): void {
    const admission = this.#admission
    const pool = createRoutes(this.#options.wanted()).pool(demand.pool)
    if (admission === undefined || pool === undefined) throw new Error("not serving")
    const { networkMs, upstreamOf, random, listener, sabotage } = this.#options
    const request: ServedRequest = new ServedRequest(
      {
        clock: this.clock,
        networkMs,
        upstreamOf,
        random,
        pool,
        admission:
          sabotage.lease === undefined ? admission : sabotaged(admission, sabotage.lease.bind(sabotage)),
        onSent: (attempt) => this.#sent.add(attempt),
        onEndSeen: (lease) => listener.onEndSeen(lease),
        onOver: () => this.#requests.delete(request),
        onDefect: (error) => listener.onDefect(error),
      },
      demand,
      id,
    )
    this.#requests.add(request)
    request.start()
  }

  /** Makes the configuration what is wanted now. Source: A10. */
  configure(): void {
    this.#node?.apply({ wanted: this.#options.wanted(), by: "file" }).catch((error: unknown) => {
      if (!isExpected(error)) this.#options.listener.onDefect(error)
    })
  }

  /** Ends it as a signal does: waiters are turned away, what is in flight has a while, all is stored. Source: L10. */
  async stop(): Promise<void> {
    const { clock } = this
    this.#isStopping = true
    this.#admission?.shutDown()
    const graceUntil = clock.now() + graceMs
    while (this.#requests.size > 0 && clock.now() < graceUntil) await after(clock, 50)
    for (const request of this.#requests) request.shutDown()
    await after(clock, 50)
    await Promise.race([this.#close(), after(clock, lastCommitsMs)])
    this.clock.kill()
  }

  async #close(): Promise<void> {
    try {
      await this.#node?.close()
    } catch (error) {
      if (!isExpected(error)) throw error
    }
    await this.#guarded?.log.close()
  }

  async #start(): Promise<void> {
    const { plan, sabotage, listener, logger, disk } = this.#options
    const { clock, link } = this
    this.#guarded = await guardLog(openSimulatedLog({ link, clock, sabotage }), {
      isEmbedded: plan.isEmbedded,
      dataDir: "data",
      settings: () => ({ onLogUnavailable: plan.onLogUnavailable, spoolLimitBytes: 1024 * 1024 }),
      logger,
      clock,
      disk: disk.seenBy(clock),
    })
    const log = sabotage.log?.(this.#guarded.log) ?? this.#guarded.log
    const { onTrouble, onFacts, onReloaded } = listener
    const node = await ActorNode.open({ log, clock, node: nodeId, onTrouble })
    this.#node = node
    node.listen({ onFacts, onReloaded })
    for (const channel of node.channels.values()) onReloaded(channel)
    const { wasClean } = await recover(node, {
      log,
      nodeId,
      incarnation: `${clock.now()}`,
      clock,
      costOf: () => noCost,
      onLate: (subject) => onTrouble("a commit came late", { subject }),
    })
    await node.apply({ wanted: this.#options.wanted(), by: "file" })
    this.#admission = this.#admit(node, this.#guarded, wasClean)
    node.listen(this.#admission)
  }

  #admit(node: ActorNode, guarded: GuardedLog, wasClean: boolean): ActorAdmission {
    const { wanted, random, listener, plan } = this.#options
    const { clock } = this
    return new ActorAdmission({
      overlapped: plan.isEmbedded,
      now: () => clock.now(),
      fromWall: (wallMs) => fromWall(clock, wallMs),
      jitter: () => random() * 2 - 1,
      credentialOf: () => "",
      costOf: () => noCost,
      onTrouble: listener.onTrouble,
      poolOf: (id) => createRoutes(wanted()).pool(id),
      channelOf: (id) => node.channels.get(id),
      channels: () => node.channels.values(),
      at: (timeMs, run) => clock.at(timeMs, run),
      weightOf: () => 1,
      takesNew: () => guarded.takesNew(),
      untilStored: (stored) => guarded.until(stored),
      complete: (request) => node.ingress.submit({ type: "complete", node: nodeId, request }),
      mayGrant: wasClean ? undefined : after(clock, wanted().settings.restartQuarantineMs),
    })
  }

  /** The kernel closes its connections: the upstreams learn of it a message later. */
  #abandonUpstreams(): void {
    const { world, networkMs, upstreamOf } = this.#options
    for (const attempt of this.#sent)
      world.at(world.now() + networkMs(attempt.lease.account.id), () =>
        upstreamOf(attempt.lease.account.id).leave(attempt),
      )
  }

  #onFailed(error: unknown): void {
    this.clock.kill()
    if (isExpected(error)) this.#options.listener.onFailed(String(error))
    else this.#options.listener.onDefect(error)
  }
}

const after = (clock: Clock, spanMs: number): Promise<void> => sleep(clock, spanMs)

const isExpected = (error: unknown): boolean =>
  error instanceof DiskFailed ||
  error instanceof LogUnavailable ||
  error instanceof CommitRefused ||
  error instanceof WrongSequence

const sabotaged = (
  admission: ActorAdmission,
  lease: NonNullable<Sabotage["lease"]>,
): ServedThrough["admission"] => ({
  admit: (request, options) => {
    const admitted = admission.admit(request, options)
    if ("then" in admitted)
      return admitted.then((one) => (one.kind === "granted" ? { ...one, lease: lease(one.lease) } : one))
    return admitted.kind === "granted" ? { ...admitted, lease: lease(admitted.lease) } : admitted
  },
  complete: (request) => admission.complete(request),
})
