import type { AttemptSummary, Candidate } from "@sluice/events/ingress.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import { lastWordOf } from "@sluice/ingress/answer.ts"
import { endOfAnswer, endOfFailure, type Heard } from "@sluice/ingress/attempt-end.ts"
import type { AnswerHeaders } from "@sluice/ingress/classification/classification.ts"
import { okCode } from "@sluice/ingress/errors.ts"
import { type AttemptFailure, readAnswer } from "@sluice/ingress/failure.ts"
import type { Admitted, AttemptEnd, Lease } from "@sluice/ingress/lease.ts"
import { Retries } from "@sluice/ingress/retry.ts"
import type { Demand } from "./demand.ts"
import type { Call, Rejected, Upstream } from "./provider/upstream.ts"
import { spokenProtocol } from "./spoken-protocol.ts"
import type { VirtualNode } from "./virtual-node.ts"

/** What a request in virtual time moves through. */
export interface Surroundings {
  readonly clock: Clock
  readonly node: VirtualNode
  /** Draws how long a message is under way. */
  readonly networkMs: () => number
  /** Draws in 0…1, for the pauses between attempts. */
  readonly random: () => number
  /** Whether usage is recorded; without limits on tokens or cost nothing follows from it. */
  readonly isMetered: boolean
  upstreamOf(account: string): Upstream
  /** Told of every attempt that is sent. */
  onAttempt?(lease: Lease): void
  /** Told of every attempt that has failed. */
  onFailed?(lease: Lease, failure: AttemptFailure): void
}

const stays = new AbortController().signal
const noBody = Buffer.alloc(0)

/**
 * The life of one request in virtual time: admitted, sent, answered or tried again, released, recorded.
 *
 * It does for admission what the proxy does, over virtual messages instead of sockets.
 * Source: F8.
 */
export class VirtualRequest {
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

  constructor(around: Surroundings, demand: Demand, id: string) {
    const pool = around.node.routes.pool(demand.pool)
    if (pool === undefined) throw new Error(`no pool ${demand.pool}`)
    this.#around = around
    this.#demand = demand
    this.#id = id
    this.#arrivedAt = around.clock.now()
    this.#retries = new Retries(pool.retries, around.random)
  }

  get #deadlineAt(): number | null {
    const { deadlineMs } = this.#demand
    return deadlineMs === null ? null : this.#arrivedAt + deadlineMs
  }

  /** Asks for a slot, waiting for it if need be. */
  start(): void {
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
        signal: stays,
      },
    )
    if ("then" in admitted) void admitted.then((answer) => this.#onAdmitted(answer))
    else this.#onAdmitted(admitted)
  }

  #onAdmitted(admitted: Admitted): void {
    switch (admitted.kind) {
      case "granted":
        this.#candidates.push(...admitted.candidates)
        this.#waitMs += this.#around.clock.now() - this.#askedAt
        return this.#send(admitted.lease)
      case "refused": {
        this.#candidates.push(...admitted.refusal.candidates)
        this.#waitMs += this.#around.clock.now() - this.#askedAt
        const { lastFailure } = this.#retries
        if (lastFailure !== undefined) return this.#giveUp(lastFailure)
        return this.#complete(admitted.refusal)
      }
      case "left":
        throw new Error(`${this.#id} has left, although nobody leaves`)
    }
  }

  #send(lease: Lease): void {
    const { clock, networkMs, onAttempt } = this.#around
    onAttempt?.(lease)
    const sentAt = clock.now()
    let headers: AnswerHeaders = {}
    let heardAt = sentAt
    // What was sent first arrives first.
    const later = (run: () => void): void => {
      heardAt = Math.max(heardAt, clock.now() + networkMs())
      clock.at(heardAt, run)
    }
    const call: Call = {
      model: lease.upstreamModel,
      work: this.#demand.work,
      onHeaders: (answered) => {
        headers = answered
        later(() => {
          this.#ttftMs ??= clock.now() - sentAt
          lease.accepted(clock.now() - sentAt)
        })
      },
      onEnd: () => later(() => this.#conclude(lease, headers, clock.now() - sentAt)),
      onRejected: (answer) => later(() => this.#onRejected(lease, answer)),
      onBroken: () =>
        later(() =>
          this.#fail(
            lease,
            { kind: "cause", cause: "connection" },
            { status: 0, headers: {}, body: undefined },
          ),
        ),
    }
    clock.at(sentAt + networkMs(), () => this.#around.upstreamOf(lease.account.id).arrive(call))
  }

  #heard({ status, headers }: Pick<Rejected, "status" | "headers">): Heard {
    const protocol = spokenProtocol[this.#demand.protocol]
    return { protocol, status, headers, nowMs: this.#around.clock.now() }
  }

  #conclude(lease: Lease, headers: AnswerHeaders, ttftMs: number): void {
    if (this.#around.isMetered) {
      const { tokens } = this.#demand.work
      void lease.meter({ model: lease.upstreamModel, tokens, complete: true, estimated: false })
    }
    const heard = this.#heard({ status: 200, headers })
    const end = endOfAnswer(heard, { outcome: "ok", ttftMs: this.#ttftMs ?? ttftMs })
    this.#attempted(lease, end)
    lease.release(end, true)
    this.#complete({ status: 200, code: okCode })
  }

  #onRejected(lease: Lease, rejected: Rejected): void {
    const context = {
      unknownRejection: lease.channel.unknownRejection,
      nowMs: this.#around.clock.now(),
    }
    const answer = readAnswer(spokenProtocol[this.#demand.protocol], rejected, context)
    this.#fail(lease, { kind: "answer", answer }, rejected)
  }

  #fail(
    lease: Lease,
    failure: AttemptFailure,
    answer: Pick<Rejected, "status" | "headers"> & { readonly body: Buffer | undefined },
  ): void {
    const { clock, onFailed } = this.#around
    const end = endOfFailure(this.#heard(answer), failure, noBody)
    lease.release(end, true)
    onFailed?.(lease, failure)
    this.#attempted(lease, end)
    const pauseMs = this.#retries.pauseAfter(failure, lease.account.id, this.#attempts.length)
    const deadlineAt = this.#deadlineAt
    if (pauseMs === undefined || (deadlineAt !== null && clock.now() + pauseMs >= deadlineAt))
      return this.#giveUp(failure)
    if (pauseMs === 0) this.start()
    else clock.at(clock.now() + pauseMs, () => this.start())
  }

  #attempted({ attempt, channel, account, waitMs }: Lease, { outcome, status }: AttemptEnd): void {
    this.#attempts.push({ attempt, channel: channel.id, account: account.id, outcome, status, waitMs })
  }

  #giveUp(failure: AttemptFailure): void {
    const word = lastWordOf(failure)
    if (word.kind === "problem") this.#complete(word.problem)
    else this.#complete({ status: word.answer.status, code: "upstream_error" })
  }

  #complete({ status, code }: { readonly status: number; readonly code: string }): void {
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
