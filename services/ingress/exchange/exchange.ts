import type { IncomingMessage, ServerResponse } from "node:http"
import type { Candidate } from "@sluice/events/ingress.ts"
import type { Admitted, Lease } from "../admission/lease.ts"
import { beginAnswer } from "../http/answer.ts"
import type { Problem } from "../http/errors.ts"
import { Reply, type ReplyEvents } from "../http/reply.ts"
import type { Provenance } from "../http/response-headers.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import { Attempt, type AttemptOwner, type Ending } from "./attempt.ts"
import type { Destination, ExchangeContext } from "./exchange-context.ts"
import { type AttemptFailure, type Cause, problemOfCause } from "./failure.ts"
import { checkHeaders, closeIntake, type Intake, openIntake, readAsk, readIntake } from "./intake.ts"
import { RequestRecord } from "./request-record.ts"
import { ResponseFinisher } from "./response-finisher.ts"
import { type Routed, routedOf } from "./routed.ts"

/**
 * The life of one request: read, admitted, tried until an attempt answers, metered, recorded, ended.
 *
 * However it goes, exactly one `admission.complete` answers to it.
 */
export class Exchange implements AttemptOwner, ReplyEvents {
  readonly #context: ExchangeContext
  readonly #destination: Destination
  readonly #request: IncomingMessage
  readonly #reply: Reply
  readonly #intake: Intake
  readonly #record: RequestRecord
  readonly #finisher: ResponseFinisher
  readonly #left = new AbortController()
  #routed: Routed | undefined
  #current: Attempt | undefined
  #askedAt = 0
  #open = 2
  #retryTimer: NodeJS.Timeout | undefined
  #deadlineTimer: NodeJS.Timeout | undefined
  readonly protocol: WireProtocol
  /** Among the requests that are being served. */
  place = -1

  constructor(
    context: ExchangeContext,
    destination: Destination,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    const { protocol, path } = destination
    this.#context = context
    this.#destination = destination
    this.#request = request
    this.protocol = protocol
    this.#reply = new Reply(response, this, context.clientStallMs)
    this.#intake = openIntake(context, response, destination.key)
    const { options } = context
    this.#record = new RequestRecord(options.newRequestId(), this.#intake, {
      options,
      protocol: protocol.name,
      path,
    })
    this.#finisher = new ResponseFinisher({
      request,
      reply: this.#reply,
      record: this.#record,
      protocol,
      context,
      provenance: () => this.#provenance,
      onClose: () => this.#stopTrying(),
      onDone: () => this.#done(),
    })
  }

  get hasLeft(): boolean {
    return this.#reply.gone
  }

  get hasBegun(): boolean {
    return this.#reply.begun
  }

  get #provenance(): Provenance {
    const { request, attempts, waitMs } = this.#record
    const lease = this.#current?.lease
    return {
      request,
      channel: lease?.channel.id ?? attempts.at(-1)?.channel ?? "",
      attempts: lease?.attempt ?? attempts.length,
      waitMs: Math.round(waitMs),
    }
  }

  /** Takes the request in: first its headers, then its body. */
  start(): void {
    this.#guarded(() => {
      const { options } = this.#context
      const isLate = options.isShuttingDown()
      if (isLate) this.#reply.closeConnection()
      const refused = isLate ? problemOfCause("shutting_down") : checkHeaders(this.#context, this.#intake)
      if (refused !== undefined) return this.#finisher.refuse(refused)
      const read = { request: this.#request, intake: this.#intake, protocol: this.protocol }
      readIntake(this.#context, read, this.#onBody)
    })
  }

  readonly #onBody = (unreadable: Problem | undefined): void => {
    if (this.#record.closed) return
    this.#guarded(() => {
      const refused = unreadable ?? readAsk(this.#context.options, this.#destination, this.#intake)
      if (refused === undefined) this.#route()
      else this.#finisher.refuse(refused)
    })
  }

  #route(): void {
    const { deadlineMs } = this.#intake
    this.#routed = routedOf(this.#intake, this.#record, {
      protocol: this.protocol,
      random: this.#context.random,
    })
    if (deadlineMs !== null) this.#deadlineTimer = setTimeout(() => this.#onDeadline(), deadlineMs)
    this.#admit(this.#routed)
  }

  #admit({ admittable, retries }: Routed): void {
    this.#askedAt = performance.now()
    const admitted = this.#context.options.admission.admit(admittable, {
      attempt: this.#record.attempts.length + 1,
      tried: retries.tried,
      hasAnswer: retries.hasAnswer,
      isReturning: retries.isReturning,
      waitedMs: Math.round(retries.waitedMs),
      signal: this.#left.signal,
    })
    if ("then" in admitted) admitted.then(this.#onWaited, (error: unknown) => this.defect(error))
    else this.#onAdmitted(admitted)
  }

  /** The lease tells since when the request has waited in all; each time of waiting counts once here. */
  readonly #onWaited = (admitted: Admitted): void => {
    const waitMs = performance.now() - this.#askedAt
    this.#record.waitMs += waitMs
    if (this.#routed !== undefined) this.#routed.retries.waitedMs += waitMs
    this.#onAdmitted(admitted)
  }

  readonly #onAdmitted = (admitted: Admitted): void => {
    this.#guarded(() => {
      if (admitted.kind === "granted") return this.#begin(admitted.lease, admitted.candidates)
      if (this.#record.closed) return
      if (admitted.kind === "left") {
        return this.hasLeft ? this.#finisher.leave() : this.#finisher.refuse(problemOfCause("shutting_down"))
      }
      const { refusal } = admitted
      this.#record.passOver(refusal.candidates)
      const failure = this.#routed?.retries.lastFailure
      // Once an upstream has failed, what it said tells more than that there is no other.
      if (
        failure === undefined ||
        refusal.code === "shutting_down" ||
        refusal.code === "event_log_unavailable"
      ) {
        this.#finisher.refuse(refusal)
      } else this.#finisher.giveUp(failure)
    })
  }

  #begin(lease: Lease, candidates: ReadonlyArray<Candidate>): void {
    if (this.#routed === undefined) throw new Error("a slot was granted to a request that was not routed")
    const { ask, retries } = this.#routed
    retries.begin()
    this.#record.passOver(candidates)
    const addsUsage = this.#context.usageAsking.isAdded(this.protocol, ask, lease.channel)
    const { expected } = this.#record
    this.#current = new Attempt(lease, { body: this.#intake.body, expected, addsUsage }, this)
    // A slot that was granted in the instant in which the client left goes back unused (A8).
    if (this.hasLeft || this.#record.closed) this.#current.cut("client_left")
    else this.#current.start()
  }

  dispatch(attempt: Attempt): void {
    const { scanned, headers } = this.#intake
    const { lease } = attempt
    const { body, addsUsage } = attempt.carried
    const { channel, account, credential, upstreamModel } = lease
    const model = upstreamModel === this.#routed?.ask.model ? null : upstreamModel
    const { protocol, path, query } = this.#destination
    const isRewritten = scanned !== undefined && (model !== null || addsUsage)
    const sent = isRewritten ? protocol.rewrite(body, scanned, { model, askUsage: addsUsage }) : body
    this.#context.upstreams.dispatch(
      { protocol, path, query, model, headers: headers.forwarded, body: sent, channel, account, credential },
      attempt,
    )
  }

  forward(attempt: Attempt, chunk: Buffer): boolean {
    if (this.#reply.ended) return true
    if (!this.#reply.begun) beginAnswer(this.#reply, attempt, this.#provenance)
    return this.#reply.write(chunk)
  }

  concluded(attempt: Attempt, ending: Ending): void {
    if (!this.#record.closed) this.#guarded(() => this.#finisher.conclude(attempt, ending))
  }

  failed(attempt: Attempt, failure: AttemptFailure): void {
    if (!this.#record.closed) this.#guarded(() => this.#tryAgain(attempt, failure))
  }

  #tryAgain(attempt: Attempt, failure: AttemptFailure): void {
    const { lease, end } = attempt
    this.#record.attempted(lease, end)
    this.#current = undefined
    if (this.hasLeft) return this.#finisher.leave()
    const routed = this.#routed
    if (routed === undefined) throw new Error("an attempt was made for a request that was not routed")
    const attempts = this.#record.attempts.length
    const pauseMs = this.#context.usageAsking.learns(this.protocol, attempt, failure)
      ? routed.retries.repeat(failure, attempts)
      : routed.retries.pauseAfter(failure, lease.account.id, attempts)
    const { deadlineAt } = routed.admittable
    if (pauseMs === undefined || (deadlineAt !== null && this.#context.options.now() + pauseMs >= deadlineAt))
      return this.#finisher.giveUp(failure)
    if (pauseMs === 0) return this.#admit(routed)
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined
      this.#guarded(() => this.#admit(routed))
    }, pauseMs)
  }

  onDrain(): void {
    this.#current?.resume()
  }

  onClosed(): void {
    this.#done()
  }

  /** Is over when its end is recorded and its answer has left this process, whichever is later. */
  #done(): void {
    this.#open -= 1
    if (this.#open !== 0) return
    closeIntake(this.#context, this.#intake)
    this.#context.onDone(this)
  }

  /** Asks the client to open a new connection for its next request. */
  closeConnection(): void {
    this.#reply.closeConnection()
  }

  onGone(): void {
    if (this.#record.closed) return
    this.#guarded(() => {
      this.#left.abort()
      if (this.#current !== undefined) this.#current.leave(this.#routed?.drainTimeoutMs ?? 0)
      // While admission is asked, its answer follows.
      else if (this.#routed === undefined || this.#retryTimer !== undefined) this.#finisher.leave()
    })
  }

  #onDeadline(): void {
    // While it waits, admission ends it with the deadline that it was given.
    if (this.#current?.firstByteAt === undefined) this.#stop("deadline")
  }

  /** Ends the request from this side when the grace of a shutdown is over. Source: L10. */
  expire(): void {
    if (this.#record.closed) return
    this.#guarded(() => {
      if (this.#current === undefined) this.#left.abort()
      this.#stop("shutting_down")
    })
  }

  #stop(cause: Cause): void {
    if (this.#current !== undefined) this.#current.cut(cause)
    else if (this.#retryTimer !== undefined || this.#routed === undefined)
      this.#finisher.refuse(problemOfCause(cause))
  }

  /** Ends after a broken invariant: logged, answered where that is still possible, and without an effect on other requests. */
  defect(error: unknown): void {
    this.#finisher.fail(error)
    this.#current?.cut("defect")
  }

  #stopTrying(): void {
    this.#intake.stopReading?.()
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#deadlineTimer)
    this.#retryTimer = undefined
  }

  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.defect(error)
    }
  }
}
