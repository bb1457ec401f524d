import type { Outcome } from "@sluice/events/field.ts"
import type { AttemptSummary, Candidate } from "@sluice/events/ingress.ts"
import type { Admitted, AttemptEnd, Lease, Metered } from "@sluice/ingress/admission/lease.ts"
import { endOfAnswer, endOfFailure, type UpstreamEvidence } from "@sluice/ingress/exchange/attempt-end.ts"
import {
  type AttemptFailure,
  type Cause,
  outcomeOfCause,
  problemOfCause,
  readAnswer,
} from "@sluice/ingress/exchange/failure.ts"
import { Retries } from "@sluice/ingress/exchange/retry.ts"
import { lastWordOf } from "@sluice/ingress/http/answer.ts"
import { okCode, type Problem } from "@sluice/ingress/http/errors.ts"
import type { Figures } from "@sluice/ingress/providers/protocol.ts"
import { meteredOf } from "@sluice/ingress/usage/metering.ts"
import type { Demand, Work } from "./demand.ts"
import type { Rejected } from "./provider/upstream.ts"
import { spokenProtocol } from "./spoken-protocol.ts"
import { type AttemptOwner, VirtualAttempt, type Way } from "./virtual-attempt.ts"
import type { VirtualNode } from "./virtual-node.ts"

/** What a request in virtual time moves through. */
export interface Surroundings extends Way {
  readonly node: VirtualNode
  /** Draws in 0…1, for the pauses between attempts. */
  readonly random: () => number
  /** True if usage is recorded; without limits on tokens or cost nothing follows from it. */
  readonly isMetered: boolean
  /** What the request costs the provider of a lease, where that is not the same for all. */
  workAt?(request: { readonly id: string; readonly model: string }, lease: Lease): Work
  /** Told of every attempt that is sent. */
  onAttempt?(lease: Lease): void
  /** Told of every attempt that has failed. */
  onFailed?(lease: Lease, failure: AttemptFailure): void
}

type RequestEnd = Pick<Problem, "status"> & { readonly code: string }

const noBody = Buffer.alloc(0)

/**
 * The life of one request in virtual time: admitted, sent, answered or tried again, released, recorded.
 *
 * It does for admission what the proxy does, over virtual messages instead of sockets.
 * Source: F8.
 */
export class VirtualRequest implements AttemptOwner {
  readonly #around: Surroundings
  readonly #demand: Demand
  readonly #id: string
  readonly #arrivedAt: number
  readonly #retries: Retries
  readonly #attempts: Array<AttemptSummary> = []
  readonly #candidates: Array<Candidate> = []
  #askedAt = 0
  #waitMs = 0
  #ttftMs: number | null = null
  #current: VirtualAttempt | undefined
  /** Its own: a signal that many share has as many listeners, and each one is sought among all of them. */
  readonly #left = new AbortController()
  #isOver = false
  #isPausing = false

  constructor(around: Surroundings, demand: Demand, id: string) {
    const pool = around.node.routes.pool(demand.pool)
    if (pool === undefined) throw new Error(`no pool ${demand.pool}`)
    this.#around = around
    this.#demand = demand
    this.#id = id
    this.#arrivedAt = around.clock.now()
    this.#retries = new Retries(pool.retries, { random: around.random, now: () => around.clock.now() })
    const { leavesAfterMs } = demand
    if (leavesAfterMs !== null)
      around.clock.at(this.#arrivedAt + leavesAfterMs, () => this.#leave(pool.drainTimeoutMs))
    if (this.#deadlineAt !== null) around.clock.at(this.#deadlineAt, () => this.#onDeadline())
  }

  get #hasLeft(): boolean {
    return this.#left.signal.aborted
  }

  get #deadlineAt(): number | null {
    const { deadlineMs } = this.#demand
    return deadlineMs === null ? null : this.#arrivedAt + deadlineMs
  }

  /** Asks for a slot, waiting for it if need be. */
  start(): void {
    if (this.#isOver) return
    const { client, protocol, model, pool, session, estimate } = this.#demand
    this.#askedAt = this.#around.clock.now()
    const admitted = this.#around.node.admission.admit(
      {
        request: this.#id,
        client,
        protocol,
        model,
        pool,
        session,
        arrivedAt: this.#arrivedAt,
        deadlineAt: this.#deadlineAt,
        estimate,
      },
      {
        attempt: this.#attempts.length + 1,
        tried: this.#retries.tried,
        hasAnswer: this.#retries.hasAnswer,
        isReturning: this.#retries.isReturning,
        waitedMs: this.#retries.waitedMs,
        signal: this.#left.signal,
      },
    )
    if ("then" in admitted) void admitted.then((answer) => this.#onAdmitted(answer))
    else this.#onAdmitted(admitted)
  }

  #onAdmitted(admitted: Admitted): void {
    if (admitted.kind !== "left") this.#noteWait(this.#around.clock.now() - this.#askedAt)
    switch (admitted.kind) {
      case "granted":
        this.#candidates.push(...admitted.candidates)
        return this.#send(admitted.lease)
      case "refused": {
        this.#candidates.push(...admitted.refusal.candidates)
        const { lastFailure } = this.#retries
        if (lastFailure !== undefined) return this.#giveUp(lastFailure)
        return this.#complete(admitted.refusal)
      }
      case "left":
        return this.#complete(problemOfCause("client_left"))
    }
  }

  #noteWait(waitMs: number): void {
    this.#waitMs += waitMs
    this.#retries.waitedMs += waitMs
  }

  #send(lease: Lease): void {
    this.#retries.begin()
    this.#around.onAttempt?.(lease)
    const { model, work: usual } = this.#demand
    const work = this.#around.workAt?.({ id: this.#id, model }, lease) ?? usual
    this.#current = new VirtualAttempt(this.#around, this, { lease, work })
  }

  /** The proxy reads on for the usage while it may; a request that has no attempt under way ends at once. Source: A8, D4. */
  #leave(drainTimeoutMs: number): void {
    if (this.#isOver) return
    const { clock } = this.#around
    this.#left.abort()
    const attempt = this.#current
    if (attempt !== undefined) {
      clock.at(clock.now() + drainTimeoutMs, () => this.#cut(attempt, "client_left"))
    } else if (this.#isPausing) this.#complete(problemOfCause("client_left"))
  }

  /** While it waits, admission ends it with the deadline that it was given. */
  #onDeadline(): void {
    if (this.#current !== undefined && this.#current.firstByteAt === null)
      this.#cut(this.#current, "deadline")
  }

  #cut(attempt: VirtualAttempt, cause: "client_left" | "deadline"): void {
    if (this.#current !== attempt) return
    attempt.cut()
    this.#meter(attempt, this.#meteredOf(attempt, undefined))
    this.#conclude(attempt, { outcome: outcomeOfCause(cause), problem: problemOfCause(cause) })
  }

  onAnswered(attempt: VirtualAttempt): void {
    const { tokens } = attempt.work
    this.#meter(attempt, this.#meteredOf(attempt, { tokens, final: true }))
    const problem = this.#hasLeft ? problemOfCause("client_left") : { status: 200, code: okCode }
    this.#conclude(attempt, { outcome: this.#hasLeft ? "client_closed" : "ok", problem })
  }

  /** Where anything of an answer has come, all of it counts: virtual answers have no parts. */
  #meteredOf({ model, firstByteAt, work }: VirtualAttempt, figures: Figures | undefined): Metered {
    const writtenTokens = firstByteAt === null ? 0 : work.tokens.output
    const { estimate } = this.#demand
    return meteredOf(model, { figures, writtenTokens }, { estimate, mostOutputTokens: writtenTokens })
  }

  #meter({ lease }: VirtualAttempt, usage: Metered): void {
    if (this.#around.isMetered) void lease.meter(usage)
  }

  #conclude(
    attempt: VirtualAttempt,
    { outcome, problem }: { readonly outcome: Outcome; readonly problem: RequestEnd },
  ): void {
    const { lease, ttftMs, firstByteAt } = attempt
    this.#current = undefined
    if (firstByteAt !== null) this.#ttftMs = firstByteAt - this.#arrivedAt
    const end = endOfAnswer(this.#heard(attempt), { outcome, ttftMs })
    this.#attempted(lease, end)
    lease.release(end, true)
    this.#complete(problem)
  }

  #heard({ status, headers }: VirtualAttempt): UpstreamEvidence {
    const protocol = spokenProtocol[this.#demand.protocol]
    return { protocol, status, headers, nowMs: this.#around.clock.now() }
  }

  onRejected(attempt: VirtualAttempt, rejected: Rejected): void {
    const { unknownRejection } = attempt.lease.channel
    const context = { unknownRejection, nowMs: this.#around.clock.now() }
    const answer =
      rejected.meaning === undefined
        ? readAnswer(spokenProtocol[this.#demand.protocol], rejected, context)
        : { ...rejected, words: undefined, ...rejected.meaning }
    this.#fail(attempt, { kind: "answer", answer })
  }

  onBroken(attempt: VirtualAttempt, cause: Cause): void {
    this.#fail(attempt, { kind: "cause", cause })
  }

  #fail(attempt: VirtualAttempt, failure: AttemptFailure): void {
    const { clock, onFailed } = this.#around
    const { lease } = attempt
    this.#current = undefined
    const end = endOfFailure(this.#heard(attempt), failure, noBody)
    lease.release(end, true)
    onFailed?.(lease, failure)
    this.#attempted(lease, end)
    if (this.#hasLeft) return this.#complete(problemOfCause("client_left"))
    const pauseMs = this.#retries.pauseAfter(failure, lease.account.id, this.#attempts.length)
    const deadlineAt = this.#deadlineAt
    if (pauseMs === undefined || (deadlineAt !== null && clock.now() + pauseMs >= deadlineAt))
      return this.#giveUp(failure)
    if (pauseMs === 0) return this.start()
    this.#isPausing = true
    clock.at(clock.now() + pauseMs, () => {
      this.#isPausing = false
      this.start()
    })
  }

  #attempted({ attempt, channel, account, waitMs }: Lease, { outcome, status }: AttemptEnd): void {
    this.#attempts.push({ attempt, channel: channel.id, account: account.id, outcome, status, waitMs })
  }

  #giveUp(failure: AttemptFailure): void {
    const word = lastWordOf(failure)
    if (word.kind === "problem") this.#complete(word.problem)
    else this.#complete({ status: word.answer.status, code: "upstream_error" })
  }

  #complete({ status, code }: RequestEnd): void {
    this.#isOver = true
    const { client, protocol, model, pool, session, estimate, deadlineMs } = this.#demand
    const last = this.#attempts.at(-1)
    void this.#around.node.admission.complete({
      request: this.#id,
      client,
      protocol,
      path: "",
      model,
      pool,
      ...(session === null ? {} : { session: session.id, sessionSource: session.source }),
      streaming: true,
      arrivedAt: this.#arrivedAt,
      deadlineMs,
      estimate,
      maxTokens: null,
      candidates: this.#candidates,
      attempts: this.#attempts,
      channel: last?.channel ?? "",
      account: last?.account ?? "",
      status,
      code,
      waitMs: this.#waitMs,
      ttftMs: this.#ttftMs,
      totalMs: this.#around.clock.now() - this.#arrivedAt,
      bytesIn: 0,
      bytesOut: 0,
    })
  }
}
