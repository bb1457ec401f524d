import { slotsOf } from "@sluice/actors/account/limit.ts"
import { channelOf, contextOf } from "@sluice/actors/group/group.ts"
import { ownLimitOf } from "@sluice/actors/limit/learned-limit.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { decodeRecords } from "@sluice/infra/event-log/spool/record.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import type { HostedChannel } from "@sluice/ingress/admission/hosted-channel.ts"
import type { Lease } from "@sluice/ingress/admission/lease.ts"
import { VirtualClock } from "@sluice/simulation/virtual-clock.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import { configurationOf, type FaultPlan } from "./fault-plan.ts"
import { CooldownTimes } from "./invariants/cooldown-times.ts"
import { LogWatch } from "./invariants/log-watch.ts"
import { SimulatedProcess } from "./process/simulated-process.ts"
import { SimulatedProjector } from "./process/simulated-projector.ts"
import type { Sabotage } from "./sabotage.ts"
import { Violations } from "./violations.ts"
import { quietNetwork } from "./world/network-faults.ts"
import { SimulatedDisk } from "./world/simulated-disk.ts"
import { SimulatedJetStream } from "./world/simulated-jetstream.ts"
import { SimulatedTables } from "./world/simulated-tables.ts"
import { Upstreams } from "./world/upstreams.ts"

/** When virtual time begins. */
const startMs = 1_790_000_040_000

/** So long the ingress takes to start over the slowest network, about. */
const startMostMs = 100

const spoolPaths = ["data/spool/commits", "data/spool/refused"]

/**
 * Everything that a run of the product meets, and the product in it: a server, a disk, tables, providers, an ingress and a projector that are started again whenever they end.
 */
export class FaultWorld {
  readonly clock = new VirtualClock(startMs)
  readonly violations = new Violations(this.clock)
  readonly server = new SimulatedJetStream(this.clock)
  readonly plan: FaultPlan
  readonly disk: SimulatedDisk
  readonly tables: SimulatedTables
  readonly upstreams: Upstreams
  /** What the accounts are limited to now. */
  limits: ReadonlyArray<number>
  process: SimulatedProcess
  projector: SimulatedProjector
  watch = new LogWatch()
  isHealed = false
  /** How far the machine's clock is ahead of real time. */
  machineAheadMs = 0
  readonly cooldownTimes = new CooldownTimes(() => this.clock.now())
  /** What happened so far, by its name. */
  readonly happened = new Map<string, number>()
  /** Draws in 0…1 what happens to the world as a whole. */
  readonly chance: () => number
  readonly #sabotage: Sabotage
  readonly #logger: Logger
  readonly #grantedAt = new Map<string, number>()
  /** The leases whose answers clients have seen whole. */
  readonly #seen = new Set<string>()
  /** What was watched before the log lost its end. */
  readonly #forgotten: Array<LogWatch> = []
  #formerProjector: SimulatedProjector | undefined
  /** What waits in sockets for the next start. */
  readonly #arriving: Array<() => void> = []
  #runs = 0

  constructor(plan: FaultPlan, sabotage: Sabotage, logger: Logger) {
    this.plan = plan
    this.chance = this.random("world")
    this.#sabotage = sabotage
    this.#logger = logger
    this.limits = plan.accounts.map(({ concurrency }) => concurrency)
    this.disk = new SimulatedDisk({ random: this.random("disk"), failing: plan.failingDisk })
    const failing = plan.failingTables / 2
    this.tables = new SimulatedTables({
      random: this.random("tables"),
      refused: failing,
      unanswered: failing,
    })
    this.upstreams = new Upstreams({
      clock: this.clock,
      plan,
      random: this.random("providers"),
      grantedAt: (lease) => this.#grantedAt.get(lease) ?? this.clock.now(),
      onViolation: this.violations.add,
    })
    this.server.onStored = (message) => this.watch.take(message).forEach(this.violations.add)
    this.process = this.#openProcess()
    this.projector = this.#openProjector()
  }

  /** Opens a stream of draws that is the same for the same seed. */
  random(stream: string): () => number {
    return seededRandom(this.plan.seed, stream)
  }

  /** True if the log has lost its end at some time. */
  get hasLostTail(): boolean {
    return this.#forgotten.length > 0
  }

  /** Counts what happens. */
  count(what: string): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1)
  }

  /** Ends the ingress in this instant; it is started again after a while. */
  killProcess(): void {
    this.process.clock.kill()
    this.#startAgain()
  }

  /** Lets something arrive just when the ingress is started again. */
  arriveAtStart(arrive: () => void): void {
    this.#arriving.push(arrive)
  }

  /** Ends the ingress as a signal does. */
  stopProcess(): void {
    const { process } = this
    if (!process.isServing) return
    process.stop().then(() => this.process === process && this.#startAgain(), this.#onDefect)
  }

  /** Ends the projector in this instant, and one that it was to take the place of; it is started again after a while. */
  killProjector(): void {
    this.projector.clock.kill()
    this.#formerProjector?.clock.kill()
    const { projector } = this
    this.#later(200, 2_000, () => {
      if (this.projector === projector) this.projector = this.#openProjector()
    })
  }

  /** Starts another projector while the one before it still runs, until that is ended. */
  doubleProjector(): void {
    const { projector } = this
    this.#formerProjector?.clock.kill()
    this.#formerProjector = projector
    this.projector = this.#openProjector()
    this.#later(500, 3_000, () => projector.clock.kill())
  }

  /** Ends the server for a while; everybody loses their connection. */
  killServer(): void {
    this.server.isUp = false
    this.process.link.break()
    this.projector.link.break()
    this.#later(200, 4_000, () => (this.server.isUp = true))
  }

  /** The end of the log is lost with what the disk of the server was not told; whatever was only there is forgiven. */
  loseTail(): void {
    this.server.loseTail(1_000 * this.chance())
    this.#forgotten.push(this.watch)
    this.#seen.clear()
    this.watch = new LogWatch()
    for (const message of this.server.messages) this.watch.take(message).forEach(this.violations.add)
  }

  /** No more faults. Whoever has brought a log back that lacks its end starts the ingress again, which may not have seen it yet. */
  heal(): void {
    if (this.hasLostTail) this.killProcess()
    this.isHealed = true
    this.disk.isHealed = true
    this.tables.isHealed = true
    this.server.isUp = true
    this.server.leaderlessUntil = 0
  }

  /** Says whether what a client has seen is metered where nothing is lost. Source: D3. */
  checkSeen(): void {
    for (const lease of this.#seen) this.#checkMetered(lease)
  }

  /** An ingress whose log has lost its end is started again by whoever heard of it. Source: L8. */
  restartStopped(): void {
    const { process } = this
    if (!this.hasLostTail || !process.isServing || process.node === undefined) return
    const isClosed = process.node.channels.size === 0
    if (isClosed || process.node.subjects.some(({ isLive }) => !isLive)) this.killProcess()
  }

  #openProcess(): SimulatedProcess {
    this.#runs += 1
    for (const arrive of this.#arriving.splice(0)) this.#later(0, startMostMs, arrive)
    const process: SimulatedProcess = new SimulatedProcess({
      plan: this.plan,
      world: this.clock,
      machineClock: () => this.machineAheadMs,
      server: this.server,
      disk: this.disk,
      network: () => (this.isHealed ? quietNetwork(this.plan.network.latencyMs) : this.plan.network),
      random: this.random(`process ${this.#runs}`),
      networkMs: () => 1 + Math.floor(this.chance() * 20),
      upstreamOf: (account) => this.upstreams.of(account),
      sabotage: this.#sabotage,
      logger: this.#logger,
      wanted: () => configurationOf(this.plan, this.limits),
      listener: {
        onFacts: (channel, facts) => this.#onFacts(channel, facts),
        onReloaded: (channel) => {
          if (channel.subject.isLive) this.cooldownTimes.reload(channel)
          this.#noteLimits(channel)
        },
        onTrouble: (message, detail) => this.#onTrouble(message, detail),
        onStoredAfterEnd: (subject) => this.#onStoredAfterEnd(subject),
        onFailed: () => this.process === process && this.#startAgain(),
        onDefect: this.#onDefect,
        onEndSeen: (lease) => this.#onEndSeen(lease),
      },
    })
    return process
  }

  #openProjector(): SimulatedProjector {
    return new SimulatedProjector({
      world: this.clock,
      server: this.server,
      tables: this.tables,
      network: () => quietNetwork(this.plan.network.latencyMs),
      random: this.random(`projector ${(this.#runs += 1)}`),
      sabotage: this.#sabotage,
      logger: this.#logger,
    })
  }

  #startAgain(): void {
    const { process } = this
    this.#later(150, 1_500, () => {
      if (this.process === process) this.process = this.#openProcess()
    })
  }

  #later(fromMs: number, toMs: number, run: () => void): void {
    this.clock.at(this.clock.now() + fromMs + this.chance() * (toMs - fromMs), run)
  }

  #onFacts(channel: HostedChannel, facts: ReadonlyArray<Fact>): void {
    for (const fact of facts) {
      if (fact.type === "channel.acquired") this.#grantedAt.set(fact.lease, this.clock.now())
      if (fact.type === "account.cooldown_started") this.count("cooldown")
      const wrong = this.cooldownTimes.take(fact)
      if (wrong !== undefined) this.violations.add(wrong)
    }
    this.#noteLimits(channel)
  }

  #noteLimits({ subject }: HostedChannel): void {
    this.upstreams.channelLimits.note(ownLimitOf(channelOf(subject.state)))
    for (const actor of subject.state.accounts.values()) {
      const account = contextOf(actor)
      if (account.config !== null) this.upstreams.limitsOf(account.config.id)?.note(slotsOf(account))
    }
  }

  #onTrouble(message: string, detail: Record<string, unknown>): void {
    this.count(message)
    const isExpected =
      !unexpected.some((trouble) => message.startsWith(trouble)) ||
      (message !== "a defect has stopped this subject" && (this.hasLostTail || !this.process.isServing))
    if (!isExpected) this.violations.add(`${message}: ${describe(detail)}`)
  }

  /** Nothing is granted before the log refuses all that a dead process may still have on its way. Source: L12. */
  #onStoredAfterEnd(subject: string): void {
    this.count("stored after its end")
    if (this.process.isServing && !this.hasLostTail)
      this.violations.add(`L12: the log takes what a dead process had sent to ${subject}`)
  }

  readonly #onDefect = (error: unknown): void => {
    this.violations.add(
      `a defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }

  #onEndSeen({ lease }: Lease): void {
    this.count("end seen")
    this.#seen.add(lease)
    this.#checkMetered(lease)
  }

  #checkMetered(lease: string): void {
    if ([this.watch, ...this.#forgotten].some(({ usages }) => usages.has(lease))) return
    // What the log refused to take from the spool is kept beside it.
    const spooled = spoolPaths.flatMap((path) => decodeRecords(this.disk.synced(path)).records)
    const isSpooled = spooled.some(
      ({ body }) => body.includes(lease) && body.includes("account.usage_recorded"),
    )
    if (!isSpooled)
      this.violations.add(`D3: a client saw the end of the lease ${lease}, which is not metered`)
  }
}

const unexpected = [
  "a defect has stopped this subject",
  "a channel stays closed",
  "a lease was not released",
  "an answer was not taken note of",
]

const describe = (detail: Record<string, unknown>): string =>
  Object.entries(detail)
    .map(
      ([name, value]) => `${name} ${value instanceof Error ? (value.stack ?? value.message) : String(value)}`,
    )
    .join(", ")
