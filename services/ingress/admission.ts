import type { Applicant, Obstacle } from "@sluice/actors/command.ts"
import { channelOf } from "@sluice/actors/group.ts"
import { ranked, standingOf, WeightedTurns } from "@sluice/actors/score.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { PoolConfiguration } from "@sluice/events/configuration.ts"
import type { Candidate, RequestCompleted } from "@sluice/events/ingress.ts"
import { type Granted, grantedLease, type LeaseSupport } from "./granted-lease.ts"
import type { HostedChannel } from "./hosted-channel.ts"
import type { Admission, Admittable, Admitted } from "./lease.ts"
import { refusedAfterWait, refusedAtOnce } from "./refusals.ts"
import { placeLost, Waiting } from "./waiting.ts"

/** What admission needs from its process. */
export interface AdmissionOptions extends LeaseSupport {
  poolOf(id: string): PoolConfiguration | undefined
  channelOf(id: string): HostedChannel | undefined
  weightOf(client: string): number
  complete(request: Omit<RequestCompleted, "actor" | "type" | "at">): Promise<void>
  /** Resolves when the process may grant: after an unclean stop the upstreams are given time to forget it. Source: L12. */
  readonly mayGrant: Promise<void> | undefined
}

type AdmitOptions = Parameters<Admission["admit"]>[1]

interface Round {
  /** When the request began to wait. */
  readonly since: number
  readonly candidates: Array<Candidate>
  readonly waitable: Array<HostedChannel>
  coolingUntil: number | null
}

/** Tries every candidate without waiting, then waits at all of them at once. Source: B2. */
export class ActorAdmission implements Admission {
  #options: AdmissionOptions
  #waiting = new Map<string, Waiting>()
  #turns = new Map<string, WeightedTurns>()
  /** The request that is being granted a slot without having waited. */
  #asking: string | undefined
  #mayGrant: Promise<void> | undefined
  #isShuttingDown = false

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#mayGrant = options.mayGrant
    void options.mayGrant?.then(() => (this.#mayGrant = undefined))
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  admit(request: Admittable, options: AdmitOptions): Promise<Admitted> | Admitted {
    if (this.#mayGrant === undefined) return this.#admitSince(request, options, this.#options.now())
    return this.#mayGrant.then(() => this.#admitSince(request, options, request.arrivedAt))
  }

  #admitSince(request: Admittable, options: AdmitOptions, since: number): Promise<Admitted> | Admitted {
    if (options.signal.aborted) return { kind: "left", waitMs: this.#options.now() - request.arrivedAt }
    const round: Round = { since, candidates: [], waitable: [], coolingUntil: null }
    const granted = this.#ask(request, options, round)
    if (granted !== undefined) return granted
    if (options.hasAnswer || round.waitable.length === 0) return this.#refuse(request, round)
    return this.#wait(request, options, round)
  }

  complete(request: Omit<RequestCompleted, "actor" | "type" | "at">): Promise<void> {
    return this.#options.complete(request)
  }

  /** Turns every waiter away. Source: L10. */
  shutDown(): void {
    this.#isShuttingDown = true
    for (const waiting of this.#waiting.values()) waiting.leave("shutting_down")
  }

  /** Follows what happens on a channel: slots that waiters get, places that they lose. Source: L4. */
  onFacts(channel: HostedChannel, facts: ReadonlyArray<Fact>, committed: Promise<void>): void {
    for (const fact of facts) {
      if (fact.type === "channel.acquired") this.#onGranted(channel, fact, committed)
      else if (fact.type === "channel.timed_out" || fact.type === "channel.abandoned") {
        const end = placeLost(fact)
        if (end !== undefined) this.#waiting.get(fact.request)?.lose(channel, end)
      }
    }
  }

  /** Sends waiters whose places a reload has lost back to routing. Source: L6, L8. */
  onReloaded(channel: HostedChannel): void {
    const { lanes } = channelOf(channel.subject.state)
    for (const waiting of this.#waiting.values())
      if (waiting.isAt(channel) && lanes.get(waiting.request) === undefined) waiting.lose(channel, "rerouted")
  }

  #ask(request: Admittable, options: AdmitOptions, round: Round): Admitted | undefined {
    const pool = this.#options.poolOf(request.pool)
    for (const [tier, ids] of (pool?.tiers ?? []).entries()) {
      for (const channel of this.#rankedTier(request.pool, tier, ids)) {
        const passedOver = this.#obstacle(channel, request)
        if (passedOver !== undefined) {
          round.candidates.push({ channel: channel.id, reason: passedOver })
          continue
        }
        const granted = this.#acquire(channel, request, options, round)
        if (granted !== undefined) return granted
      }
      if (pool?.queueBeforeFallback === true && round.waitable.length > 0) return undefined
    }
    return undefined
  }

  #rankedTier(pool: string, tier: number, ids: ReadonlyArray<string>): ReadonlyArray<HostedChannel> {
    const channels = ids.flatMap((id) => this.#options.channelOf(id) ?? [])
    if (channels.length < 2) return channels
    const key = `${pool} ${tier}`
    const turns = this.#turns.get(key) ?? new WeightedTurns()
    this.#turns.set(key, turns)
    const standings = channels.map((channel) => ({ ...standingOf(channel.subject.state), hosted: channel }))
    return ranked(standings, turns).map(({ hosted }) => hosted)
  }

  #obstacle(channel: HostedChannel, request: Admittable): Candidate["reason"] | undefined {
    const { config, removed } = channelOf(channel.subject.state)
    if (config === null || removed || !config.enabled) return "disabled"
    if (config.protocol !== request.protocol) return "protocol"
    if (channel.upstreamModel(request.model) === undefined) return "model"
    return channel.subject.isAccepting ? undefined : "log_unavailable"
  }

  #acquire(
    channel: HostedChannel,
    request: Admittable,
    options: AdmitOptions,
    round: Round,
  ): Admitted | undefined {
    this.#asking = request.request
    const executed = channel.subject.execute({
      type: "acquire",
      ...this.#applicant(request, options.attempt),
      since: round.since,
      tried: options.tried,
    })
    this.#asking = undefined
    if (executed.kind === "facts") {
      const granted = executed.facts[0] as Granted
      const lease = grantedLease(channel, granted, executed.committed, this.#options)
      return { kind: "granted", lease, candidates: round.candidates }
    }
    if (executed.kind === "later") throw new Error(`${channel.id} put off a request instead of deciding it`)
    for (const obstacle of executed.obstacles) round.candidates.push(candidateOf(channel, obstacle))
    if (executed.obstacles.some(({ reason }) => reason === "saturated")) round.waitable.push(channel)
    if (executed.until !== null) round.coolingUntil = Math.min(round.coolingUntil ?? Infinity, executed.until)
    return undefined
  }

  async #wait(request: Admittable, options: AdmitOptions, round: Round): Promise<Admitted> {
    const waiting = new Waiting(request.request)
    this.#waiting.set(request.request, waiting)
    const leave = () => waiting.leave("client_left")
    options.signal.addEventListener("abort", leave)
    try {
      this.#takePlaces(waiting, request, options, round)
      if (!waiting.isOver && waiting.places === 0) return this.#refuse(request, round)
      if (this.#isShuttingDown) waiting.leave("shutting_down")
      const result = await waiting.result
      switch (result.kind) {
        case "granted": {
          const lease = grantedLease(result.channel, result.granted, result.committed, this.#options)
          return { kind: "granted", lease, candidates: round.candidates }
        }
        case "ended":
          return { kind: "refused", refusal: refusedAfterWait(result.code, round.candidates) }
        case "left":
          return { kind: "left", waitMs: this.#options.now() - request.arrivedAt }
        case "rerouted":
          break
      }
    } finally {
      this.#waiting.delete(request.request)
      options.signal.removeEventListener("abort", leave)
    }
    return this.#admitSince(request, options, request.arrivedAt)
  }

  #takePlaces(waiting: Waiting, request: Admittable, options: AdmitOptions, round: Round): void {
    const applicant = this.#applicant(request, options.attempt)
    for (const channel of round.waitable) {
      waiting.add(channel)
      const executed = channel.subject.execute({
        type: "enqueue",
        ...applicant,
        deadlineAt: request.deadlineAt,
      })
      if (waiting.isOver) return
      if (executed.kind === "facts") continue
      waiting.forget(channel)
      round.candidates.push({ channel: channel.id, reason: "queue_full" })
    }
  }

  #onGranted(channel: HostedChannel, granted: Granted, committed: Promise<void>): void {
    if (granted.request === this.#asking) return
    const waiting = this.#waiting.get(granted.request)
    if (waiting !== undefined && !waiting.isOver) return waiting.grant(channel, granted, committed)
    // Its request has left in this very instant: the slot passes on to the next waiter (A8).
    grantedLease(channel, granted, committed, this.#options).release(
      { outcome: "client_closed", status: 0, ttftMs: null },
      false,
    )
  }

  #refuse(request: Admittable, round: Round): Admitted {
    const now = this.#options.now()
    const refusal = refusedAtOnce(round.candidates, { now, coolingUntil: round.coolingUntil })
    const full = round.candidates.find(({ reason }) => reason === "queue_full")
    const subject = full && this.#options.channelOf(full.channel)?.subject
    if (subject?.isLive === true)
      subject.execute({ type: "refuse", request: request.request, reason: refusal.code })
    return { kind: "refused", refusal }
  }

  #applicant(request: Admittable, attempt: number): Applicant {
    const { client, model, estimate, arrivedAt } = request
    const weight = this.#options.weightOf(client)
    return { request: request.request, attempt, class: "new", client, weight, model, estimate, arrivedAt }
  }
}

const candidateOf = (channel: HostedChannel, { account, reason }: Obstacle): Candidate =>
  account === undefined ? { channel: channel.id, reason } : { channel: channel.id, account, reason }
