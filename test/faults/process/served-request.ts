import type { PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import type { AttemptSummary } from "@sluice/events/ingress.ts"
import { wallNow } from "@sluice/infra/clock/clock.ts"
import type { Admission, Admitted, AttemptEnd, Lease } from "@sluice/ingress/admission/lease.ts"
import { endOfAnswer, endOfFailure, type UpstreamEvidence } from "@sluice/ingress/exchange/attempt-end.ts"
import {
  type AttemptFailure,
  type Cause,
  outcomeOfCause,
  problemOfCause,
  readAnswer,
} from "@sluice/ingress/exchange/failure.ts"
import { Retries } from "@sluice/ingress/exchange/retry.ts"
import { okCode } from "@sluice/ingress/http/errors.ts"
import { meteredOf } from "@sluice/ingress/usage/metering.ts"
import type { Demand } from "@sluice/simulation/demand.ts"
import type { Rejected } from "@sluice/simulation/provider/upstream.ts"
import { spokenProtocol } from "@sluice/simulation/spoken-protocol.ts"
import { type AttemptOwner, VirtualAttempt, type Way } from "@sluice/simulation/virtual-attempt.ts"
import { completedRequest } from "./completed-request.ts"

/** What a request in a process that can fail moves through. */
export interface ServedThrough extends Way {
  readonly admission: Admission
  readonly pool: PoolConfiguration
  /** Draws in 0…1, for the pauses between attempts. */
  readonly random: () => number
  /** Told of every attempt that is sent. */
  onSent(attempt: VirtualAttempt): void
  /** Told when the client has the end of a whole answer: its usage is in the log. Source: D3. */
  onEndSeen(lease: Lease): void
  onOver(): void
  onDefect(error: unknown): void
}

/** An attempt, with what came of it before its lease was in the log. */
interface Trying {
  readonly lease: Lease
  sent: VirtualAttempt | undefined
  isCommitted: boolean
  isOver: boolean
  gated: (() => void) | undefined
}

const noBody = Buffer.alloc(0)

/**
 * The life of one request in a process that can fail: nothing of an answer counts before its lease is in the log, and its end waits for its usage.
 *
 * Source: L6, L7, D3.
 */
export class ServedRequest implements AttemptOwner {
  readonly #through: ServedThrough
  readonly #demand: Demand
  readonly #id: string
  readonly #arrivedAt: number
  readonly #retries: Retries
  readonly #attempts: Array<AttemptSummary> = []
  readonly #left = new AbortController()
  #current: Trying | undefined
  #askedAt = 0
  #isOver = false

  constructor(through: ServedThrough, demand: Demand, id: string) {
    const { clock, pool, random } = through
    this.#through = through
    this.#demand = demand
    this.#id = id
    this.#arrivedAt = clock.now()
    this.#retries = new Retries(pool.retries, { random, now: () => clock.now() })
    if (demand.leavesAfterMs !== null) clock.at(this.#arrivedAt + demand.leavesAfterMs, () => this.#leave())
  }

  /** Asks for a slot, waiting for it if need be. */
  start(): void {
    if (this.#isOver) return
    const { client, protocol, model, pool, session, estimate } = this.#demand
    const { isReturning, tried, hasAnswer, waitedMs } = this.#retries
    this.#askedAt = this.#now
    const applicant = { client, protocol, model, pool, session, estimate }
    const { admission, onDefect } = this.#through
    const admitted = admission.admit(
      { request: this.#id, ...applicant, arrivedAt: this.#arrivedAt, deadlineAt: null },
      {
        attempt: this.#attempts.length + 1,
        tried,
        hasAnswer,
        isReturning,
        waitedMs,
        signal: this.#left.signal,
      },
    )
    if ("then" in admitted) admitted.then((answer) => this.#onAdmitted(answer)).catch(onDefect)
    else this.#onAdmitted(admitted)
  }

  /** Cuts it short: the process ends. */
  shutDown(): void {
    if (this.#current !== undefined) this.#cut(this.#current, "shutting_down")
  }

  #onAdmitted(admitted: Admitted): void {
    this.#retries.waitedMs += this.#now - this.#askedAt
    if (admitted.kind === "granted") return this.#try(admitted.lease)
    const end = admitted.kind === "left" ? problemOfCause("client_left") : admitted.refusal
    this.#over(end)
  }

  #try(lease: Lease): void {
    const trying: Trying = { lease, sent: undefined, isCommitted: false, isOver: false, gated: undefined }
    this.#current = trying
    this.#retries.begin()
    if (lease.overlapped) this.#send(trying)
    lease.committed
      .then(
        () => this.#onCommitted(trying),
        () => this.#onLost(trying),
      )
      .catch(this.#through.onDefect)
  }

  #send(trying: Trying): void {
    trying.sent = new VirtualAttempt(this.#through, this, { lease: trying.lease, work: this.#demand.work })
    this.#through.onSent(trying.sent)
  }

  #onCommitted(trying: Trying): void {
    trying.isCommitted = true
    if (trying.isOver) return
    if (trying.sent === undefined) this.#send(trying)
    else trying.gated?.()
  }

  /** The lease will never be in the log: whatever came under it is dropped. Source: L6. */
  #onLost(trying: Trying): void {
    if (trying.isOver) return
    trying.gated = undefined
    trying.sent?.cut()
    this.#fail(trying, { kind: "cause", cause: "lease_lost" })
  }

  #whenCommitted(attempt: VirtualAttempt, run: (trying: Trying) => void): void {
    const trying = this.#current
    if (trying === undefined || trying.sent !== attempt) return
    if (trying.isCommitted) run(trying)
    else trying.gated = () => run(trying)
  }

  onAnswered(attempt: VirtualAttempt): void {
    const cause = this.#left.signal.aborted ? "client_left" : undefined
    this.#whenCommitted(attempt, (trying) => this.#conclude(trying, cause))
  }

  onRejected(attempt: VirtualAttempt, rejected: Rejected): void {
    this.#whenCommitted(attempt, (trying) => {
      const context = {
        unknownRejection: trying.lease.channel.unknownRejection,
        nowMs: wallNow(this.#through.clock),
      }
      const answer = readAnswer(spokenProtocol[this.#demand.protocol], rejected, context)
      this.#fail(trying, { kind: "answer", answer })
    })
  }

  onBroken(attempt: VirtualAttempt): void {
    this.#whenCommitted(attempt, (trying) => this.#fail(trying, { kind: "cause", cause: "connection" }))
  }

  /** The upstream is read on for its usage while it may be. Source: A8, D4. */
  #leave(): void {
    if (this.#isOver) return
    this.#left.abort()
    const trying = this.#current
    if (trying === undefined) return
    const { clock, pool } = this.#through
    if (trying.sent === undefined) this.#cut(trying, "client_left")
    else clock.at(clock.now() + pool.drainTimeoutMs, () => this.#cut(trying, "client_left"))
  }

  #cut(trying: Trying, cause: Cause): void {
    if (trying.isOver || trying.gated !== undefined) return
    if (trying.sent === undefined) return this.#fail(trying, { kind: "cause", cause })
    trying.sent.cut()
    if (trying.isCommitted) this.#conclude(trying, cause)
    else trying.gated = () => this.#conclude(trying, cause)
  }

  #conclude(trying: Trying, cause: Cause | undefined): void {
    const { lease, sent } = trying
    const isWhole = cause === undefined
    const used = isWhole ? { tokens: this.#demand.work.tokens, final: true } : undefined
    const { estimate, work } = this.#demand
    // Where anything of an answer has come, all of it counts: simulated answers have no parts.
    const writtenTokens = (sent?.ttftMs ?? null) === null ? 0 : work.tokens.output
    const brought = { figures: used, writtenTokens }
    const expected = { estimate, mostOutputTokens: writtenTokens }
    const metered = lease.meter(meteredOf(lease.upstreamModel, brought, expected))
    const outcome = cause === undefined ? "ok" : outcomeOfCause(cause)
    const end = endOfAnswer(this.#heard(trying), { outcome, ttftMs: sent?.ttftMs ?? null })
    this.#end(trying, end)
    const problem = cause === undefined ? { status: 200, code: okCode } : problemOfCause(cause)
    const recorded = this.#complete(problem)
    void this.#endWhenStored(isWhole ? lease : undefined, [metered, recorded])
  }

  /** What cannot be stored is cut before its end: the client sees none. */
  async #endWhenStored(
    whole: Lease | undefined,
    [metered, recorded]: readonly [Promise<void>, Promise<void>],
  ): Promise<void> {
    const isStored = await Promise.all([metered, recorded]).then(
      () => true,
      () => false,
    )
    if (isStored && whole !== undefined && !this.#left.signal.aborted) this.#through.onEndSeen(whole)
  }

  #fail(trying: Trying, failure: AttemptFailure): void {
    const { clock } = this.#through
    this.#end(trying, endOfFailure(this.#heard(trying), failure, noBody))
    if (this.#left.signal.aborted) return this.#over(problemOfCause("client_left"))
    const pauseMs = this.#retries.pauseAfter(failure, trying.lease.account.id, this.#attempts.length)
    if (pauseMs === undefined) return this.#over(problemOfCause("connection"))
    if (pauseMs === 0) this.start()
    else clock.at(clock.now() + pauseMs, () => this.start())
  }

  #end(trying: Trying, end: AttemptEnd): void {
    const { lease, sent } = trying
    trying.isOver = true
    trying.gated = undefined
    this.#current = undefined
    const { attempt, channel, account, waitMs } = lease
    const { outcome, status } = end
    this.#attempts.push({ attempt, channel: channel.id, account: account.id, outcome, status, waitMs })
    lease.release(end, sent !== undefined)
  }

  #heard({ sent }: Trying): UpstreamEvidence {
    const protocol = spokenProtocol[this.#demand.protocol]
    return {
      protocol,
      status: sent?.status ?? 0,
      headers: sent?.headers ?? {},
      nowMs: wallNow(this.#through.clock),
    }
  }

  get #now(): number {
    return this.#through.clock.now()
  }

  /** Nobody waits for it: where it cannot be stored, its subject says so. */
  #over(end: { readonly status: number; readonly code: string }): void {
    this.#complete(end).catch(() => undefined)
  }

  #complete(end: { readonly status: number; readonly code: string }): Promise<void> {
    this.#isOver = true
    this.#through.onOver()
    return this.#through.admission.complete(
      completedRequest(this.#demand, {
        request: this.#id,
        arrivedAt: this.#arrivedAt,
        now: this.#now,
        attempts: this.#attempts,
        ...end,
      }),
    )
  }
}
