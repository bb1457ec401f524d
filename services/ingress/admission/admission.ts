import type { Applicant, Denial } from "@sluice/actors/decisions/command.ts"
import { channelOf } from "@sluice/actors/group/group.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import { tokensOf } from "@sluice/events/field.ts"
import type { RequestCompleted } from "@sluice/events/ingress.ts"
import { RefusalCounts } from "../refusals/refusal-counts.ts"
import { reasonsOf, refusedAfterWait, refusedAtOnce } from "../refusals/refusals.ts"
import { CandidateChannels } from "./candidate-channels.ts"
import { type Granted, grantedLease, type LeaseSupport } from "./granted-lease.ts"
import type { HostedChannel } from "./hosted-channel.ts"
import type { Admission, Admittable, Admitted } from "./lease.ts"
import { type Asking, RoutingRound, type QueuePosition, waitsForItsAccount } from "./routing-round.ts"
import { inFlightOf, SessionIndex } from "./session-index.ts"
import { placeLost, Waiting } from "./waiting.ts"

/** What admission needs from its process. */
export interface AdmissionOptions extends LeaseSupport {
  /** Runs something at a time. */
  at(timeMs: number, run: () => void): unknown
  /** True if the log takes more than the ends of what runs. Source: L9. */
  takesNew(): boolean
  poolOf(id: string): PoolConfiguration | undefined
  channelOf(id: string): HostedChannel | undefined
  channels(): Iterable<HostedChannel>
  weightOf(client: string): number
  complete(request: Omit<RequestCompleted, "actor" | "type" | "at">): Promise<void>
  /** Resolves when the process may grant: after an unclean stop the upstreams are given time to forget it. Source: L12. */
  readonly mayGrant: Promise<void> | undefined
}

/** Besides what its request says: how often it was sent back to routing in this very instant. */
type AdmitOptions = Parameters<Admission["admit"]>[1] & { readonly sentBack?: number }

/** Whoever is sent back more often with no time between waits nowhere: nothing has changed, and it would go round for ever. */
const mostSentBack = 2

/** Tries every candidate without waiting, then waits at all of them at once. Source: B2. */
export class ActorAdmission implements Admission {
  #options: AdmissionOptions
  #waiting = new Map<string, Waiting>()
  #channels: CandidateChannels
  #sessions = new SessionIndex()
  #refusals: RefusalCounts
  /** The request that is being granted a slot without having waited. */
  #asking: string | undefined
  #mayGrant: Promise<void> | undefined
  #isShuttingDown = false

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#channels = new CandidateChannels(options)
    this.#refusals = new RefusalCounts(options)
    for (const channel of options.channels()) this.#sessions.load(channel)
    this.#mayGrant = options.mayGrant
    void options.mayGrant?.then(() => (this.#mayGrant = undefined))
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  admit(request: Admittable, options: AdmitOptions): Promise<Admitted> | Admitted {
    if (this.#mayGrant === undefined) {
      const since = options.isReturning ? request.arrivedAt : this.#options.now()
      return this.#admitSince(request, options, since)
    }
    return this.#mayGrant.then(() => this.#admitSince(request, options, request.arrivedAt))
  }

  #admitSince(request: Admittable, options: AdmitOptions, since: number): Promise<Admitted> | Admitted {
    const now = this.#options.now()
    if (options.signal.aborted) return { kind: "left", waitMs: now - request.arrivedAt }
    const round = new RoutingRound(request, options, { since, now })
    const granted = this.#ask(round) ?? this.#probe(round)
    if (granted !== undefined) return granted
    if (round.places.length > 0 && (options.sentBack ?? 0) < mostSentBack) return this.#wait(round, options)
    const room =
      this.#options.takesNew() && !this.#isShuttingDown ? round.untilRoom(this.#options.channelOf) : undefined
    return room?.then(() => this.#admitSince(request, options, since)) ?? this.#refuse(round)
  }

  complete(request: Omit<RequestCompleted, "actor" | "type" | "at">): Promise<void> {
    return this.#options.untilStored(this.#options.complete(request))
  }

  /** Turns every waiter away. Source: L10. */
  shutDown(): void {
    this.#isShuttingDown = true
    for (const waiting of this.#waiting.values()) waiting.leave("shutting_down")
  }

  /** Follows what happens on a channel: slots that waiters get, places that they lose. Source: L4. */
  onFacts(channel: HostedChannel, facts: ReadonlyArray<Fact>, committed: Promise<void>): void {
    this.#sessions.onFacts(channel, facts)
    for (const fact of facts) {
      if (fact.type === "channel.acquired") this.#onGranted(channel, fact, committed)
      else if (fact.type === "channel.timed_out" || fact.type === "channel.abandoned") {
        const end = placeLost(fact)
        if (end !== undefined) this.#waiting.get(fact.request)?.lose(channel, end)
      }
    }
  }

  /** Sends waiters back to routing whose places a reload or the end of a channel has lost. Source: L6, L8. */
  onReloaded(channel: HostedChannel): void {
    this.#sessions.load(channel)
    const { lanes } = channelOf(channel.subject.state)
    for (const waiting of this.#waiting.values())
      if (waiting.isAt(channel) && (!channel.subject.isLive || lanes.get(waiting.request) === undefined))
        waiting.lose(channel, "rerouted")
  }

  /** Asks the account that the request is bound to, then every other candidate, if it does not wait for its own. Source: B2, B7. */
  #ask(round: RoutingRound): Admitted | undefined {
    const pool = this.#options.poolOf(round.request.pool)
    if (pool === undefined) return undefined
    const session = this.#sessionOf(round.request, pool)
    if (session === undefined) return this.#askAll(round, pool, {})
    const binding = this.#sessions.get(session)
    if (binding === undefined || !this.#channels.isCandidate(binding.channel, pool, round.request))
      return this.#askAll(round, pool, { session })
    const { channel, account } = binding
    const asking = { session, account }
    const answer = this.#acquire(channel, round, asking)
    if (!isRefused(answer)) return answer
    round.passOver(channel, answer)
    const place = { channel, account, asking, timeoutMs: pool.stickyWaitTimeoutMs }
    const weight = this.#options.weightOf(round.request.client)
    if (!waitsForItsAccount(place, answer, { round, pool, weight }))
      return this.#askAll(round, pool, { session, isSpilled: true })
    round.places.push(place)
    return undefined
  }

  /** What often stands for a whole application binds only a few requests at a time. Source: B5. */
  #sessionOf({ session }: Admittable, { stickyMaxWaiting }: PoolConfiguration): string | undefined {
    if (session === null) return undefined
    if (session.source !== "prompt_cache_key" && session.source !== "user") return session.id
    const binding = this.#sessions.get(session.id)
    const inFlight = binding === undefined ? 0 : inFlightOf(binding, session.id)
    return inFlight < stickyMaxWaiting ? session.id : undefined
  }

  #askAll(round: RoutingRound, pool: PoolConfiguration, asking: Asking): Admitted | undefined {
    for (const [tier, ids] of pool.tiers.entries()) {
      for (const channel of this.#channels.ranked(pool.id, tier, ids)) {
        const reason = this.#channels.denial(channel, round.request)
        if (reason !== undefined) {
          round.passOver(channel, [{ reason }])
          continue
        }
        const answer = this.#acquire(channel, round, asking)
        if (!isRefused(answer)) return answer
        round.passOver(channel, answer)
        if (round.canWaitAt({ channel, asking }, answer)) round.places.push({ channel, asking })
        else if (isFailing(answer)) round.failing.push({ channel, asking })
      }
      if (pool.queueBeforeFallback && round.places.length > 0) return undefined
    }
    return undefined
  }

  /** Where nobody else can serve, tests an account that fails, or finds where the outcome of such a test can be waited for. Source: B10, C7. */
  #probe(round: RoutingRound): Admitted | undefined {
    if (round.places.length > 0) return undefined
    for (const { channel, asking } of round.failing) {
      const probing = { ...asking, mayProbe: true }
      const answer = this.#acquire(channel, round, probing)
      if (!isRefused(answer)) return answer
      const place = round.probingPlace(channel, probing)
      if (round.canWaitAt(place, answer)) round.places.push(place)
    }
    return undefined
  }

  #acquire(channel: HostedChannel, round: RoutingRound, asking: Asking): Admitted | ReadonlyArray<Denial> {
    const { request, options } = round
    this.#asking = request.request
    const executed = channel.subject.execute({
      type: "acquire",
      ...this.#applicant(channel, round, asking),
      since: round.since,
      tried: options.tried,
    })
    this.#asking = undefined
    if (executed.kind === "denied") return executed.denials
    if (executed.kind === "later") throw new Error(`${channel.id} put off a request instead of deciding it`)
    const granted = executed.facts[0] as Granted
    const lease = grantedLease(channel, granted, executed.committed, this.#options)
    return { kind: "granted", lease, candidates: round.candidates }
  }

  async #wait(round: RoutingRound, options: AdmitOptions): Promise<Admitted> {
    const { request, candidates } = round
    const begunAt = this.#options.now()
    const waiting = new Waiting(request.request)
    this.#waiting.set(request.request, waiting)
    const leave = () => waiting.leave("client_left")
    options.signal.addEventListener("abort", leave)
    try {
      for (const place of round.places) if (!waiting.isOver) this.#takePlace(waiting, round, place)
      if (!waiting.isOver && waiting.places === 0) return this.#refuse(round)
      if (this.#isShuttingDown) waiting.leave("shutting_down")
      const result = await waiting.result
      switch (result.kind) {
        case "granted": {
          const lease = grantedLease(result.channel, result.granted, result.committed, this.#options)
          return { kind: "granted", lease, candidates }
        }
        case "ended":
          return { kind: "refused", refusal: refusedAfterWait(result.code, candidates) }
        case "left":
          return { kind: "left", waitMs: this.#options.now() - request.arrivedAt }
        case "rerouted":
          break
      }
    } finally {
      this.#waiting.delete(request.request)
      options.signal.removeEventListener("abort", leave)
    }
    const spentMs = this.#options.now() - begunAt
    const waitedMs = options.waitedMs + spentMs
    const sentBack = spentMs === 0 ? (options.sentBack ?? 0) + 1 : 0
    return this.#admitSince(request, { ...options, waitedMs, sentBack }, request.arrivedAt)
  }

  #takePlace(waiting: Waiting, round: RoutingRound, { channel, asking, timeoutMs }: QueuePosition): void {
    const { request, options } = round
    waiting.add(channel)
    const executed = channel.subject.execute({
      type: "enqueue",
      ...this.#applicant(channel, round, asking),
      deadlineAt: request.deadlineAt,
      isReturning: options.isReturning,
      waitedMs: options.waitedMs,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
    if (waiting.isOver || executed.kind !== "denied") return
    waiting.forget(channel)
    round.passOver(channel, executed.denials)
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

  #refuse({ request, candidates, coolingUntil, isFailing }: RoutingRound): Admitted {
    const now = this.#options.now()
    const refusal = refusedAtOnce(candidates, { now, coolingUntil, isFailing })
    const reasons = reasonsOf(refusal.code)
    const cause = candidates.find(({ reason }) => reasons.includes(reason))
    const channel = cause && this.#options.channelOf(cause.channel)
    if (channel !== undefined) this.#refusals.add(channel, { request: request.request, reason: refusal.code })
    return { kind: "refused", refusal }
  }

  #applicant(channel: HostedChannel, { request, options }: RoutingRound, asking: Asking): Applicant & Asking {
    const { client, model, estimate, arrivedAt } = request
    const weight = this.#options.weightOf(client)
    const { attempt } = options
    const applicant = {
      request: request.request,
      attempt,
      client,
      weight,
      model,
      estimate,
      arrivedAt,
      ...asking,
    }
    if (!channel.subject.state.hasWindows) return applicant
    const tokens = tokensOf(estimate)
    const { standardCostNanoUsd } = this.#options.costOf(channel.upstreamModel(model) ?? model, tokens)
    return { ...applicant, estimatedCostNanoUsd: standardCostNanoUsd }
  }
}

const isFailing = (answer: ReadonlyArray<Denial>): boolean => answer.some((one) => one.isFailing === true)

const isRefused = (answer: Admitted | ReadonlyArray<Denial>): answer is ReadonlyArray<Denial> =>
  Array.isArray(answer)
