import { after, type Cancel } from "@sluice/infra/clock/clock.ts"
import type { Dispatcher } from "undici"
import type { AttemptEnd, Lease } from "../admission/lease.ts"
import type { AnswerHeaders } from "../providers/classification/answered.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import { inTurn, turnBytes } from "../turns.ts"
import { InterimAnswers, isHttpStatus } from "../upstream/interim-answers.ts"
import { legible } from "../upstream/legible-answer.ts"
import { openRelay } from "../upstream/open-relay.ts"
import type { Relay, RelaySink } from "../upstream/relay.ts"
import { type Expected, meteredOf } from "../usage/metering.ts"
import { endOfAnswer, endOfFailure, type UpstreamEvidence } from "./attempt-end.ts"
import { type AttemptFailure, type Cause, causeOf, outcomeOfCause, readAnswer } from "./failure.ts"

const errorBodyBytes = 256 * 1024
const closeAfterEndMs = 1_000
/** Ends that this side chose while the upstream was at work. */
const isOwnChoice: ReadonlySet<Cause> = new Set<Cause>(["client_left", "deadline", "shutting_down"])
const cutByProxy = new Error("the proxy has cut the attempt")

/** How an answer ended of which the client has seen something, or would have if it had stayed. */
export type Ending = "whole" | Cause

/** What an attempt is to carry. */
export interface Carried {
  /** What the client sent. */
  readonly body: Buffer
  /** What it is expected to use. */
  readonly expected: Expected
  /** True if usage is asked for in the stream that the client did not ask for. Source: D1. */
  readonly addsUsage: boolean
}

/** What an attempt needs of the request that it serves. */
export interface AttemptOwner {
  readonly protocol: WireProtocol
  /** True if the client has left. */
  readonly hasLeft: boolean
  dispatch(attempt: Attempt): void
  /** Sends a part of the answer to the client, after its headers. Returns false when the client takes no more for now. */
  forward(attempt: Attempt, chunk: Buffer): boolean
  /** True if the client has seen anything of the answer. */
  readonly hasBegun: boolean
  concluded(attempt: Attempt, ending: Ending): void
  failed(attempt: Attempt, failure: AttemptFailure): void
  defect(error: unknown): void
}

/**
 * One try at one account: holds the lease, carries the request to the upstream and its answer back, records what was used, and gives the lease back once, after the upstream's body is closed.
 *
 * It is the handler that undici calls; no promise or closure is made for a chunk.
 * Source: A9, D3, L7.
 */
export class Attempt implements Dispatcher.DispatchHandler, RelaySink {
  readonly lease: Lease
  readonly carried: Carried
  readonly #owner: AttemptOwner
  #controller: Dispatcher.DispatchController | undefined
  #relay: Relay | undefined
  #errorBody: Buffer[] = []
  #errorBytes = 0
  #committed = false
  #dispatched = false
  /** No byte will come from the upstream any more. */
  #closed = false
  /** What came of the attempt is known; `#end` says it. */
  #settled = false
  #end: AttemptEnd | undefined
  #metered: Promise<void> = Promise.resolve()
  #released = false
  #cut: Cause | undefined
  /** What waits for the commit of the lease (L7). */
  #gated: Buffer[] = []
  #gatedEnding: Ending | undefined
  #gatedFailure: AttemptFailure | undefined
  #cancelClose: Cancel | undefined
  #interim: InterimAnswers | undefined
  #dispatchedAt = 0
  #turnBytes = 0
  #isTurnOver = false
  /** True if the client, or the commit of the lease, is waited for. */
  #isHeld = false
  status = 0
  headers: AnswerHeaders = {}
  /** On the monotonic clock. */
  firstByteAt: number | undefined

  constructor(lease: Lease, carried: Carried, owner: AttemptOwner) {
    this.lease = lease
    this.carried = carried
    this.#owner = owner
  }

  /** What the client's answer is made from. */
  get relay(): Relay | undefined {
    return this.#relay
  }

  /** Resolves when what was used is in the log. Source: D3. */
  get metered(): Promise<void> {
    return this.#metered
  }

  /** How the lease was or will be released. */
  get end(): AttemptEnd {
    return this.#end ?? { outcome: "aborted", status: this.status, ttftMs: null }
  }

  /** Sends the request, before the lease is committed if it may be (L7). */
  start(): void {
    if (this.lease.overlapped) this.#dispatch()
    this.lease.committed.then(
      () => this.#guarded(() => this.#onCommitted()),
      () => this.#guarded(() => this.#onLost()),
    )
  }

  #dispatch(): void {
    this.#dispatched = true
    this.#dispatchedAt = performance.now()
    this.#owner.dispatch(this)
  }

  #onCommitted(): void {
    this.#committed = true
    if (!this.#dispatched) {
      if (!this.#closed) this.#dispatch()
      return
    }
    const gated = this.#gated
    this.#gated = []
    let takesMore = true
    for (const chunk of gated) takesMore = this.#owner.forward(this, chunk)
    if (takesMore && gated.length > 0) this.resume()
    if (this.#gatedFailure !== undefined) return this.#fail(this.#gatedFailure)
    if (this.#gatedEnding !== undefined) this.#owner.concluded(this, this.#gatedEnding)
    this.#releaseWhenClosed()
  }

  /** The lease will never be in the log: whatever came under it is dropped, and none of it has reached the client. Source: L6. */
  #onLost(): void {
    if (this.#released && this.#gatedEnding === undefined) return
    this.#gated = []
    this.#gatedEnding = undefined
    this.#settled = false
    if (this.#closed) this.#fail({ kind: "cause", cause: "lease_lost" })
    else this.cut("lease_lost")
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Cut while the connection was being made: it never reaches the upstream.
    if (this.#cut === undefined) this.#controller = controller
    else controller.abort(cutByProxy)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (!isHttpStatus(status)) return this.cut("connection")
    if (status < 200) return (this.#interim ??= new InterimAnswers(this, this.#dispatchedAt)).take()
    this.#interim?.end()
    this.status = status
    this.headers = headers
    if (status >= 300) return
    this.lease.accepted(Math.round(performance.now() - this.#dispatchedAt))
    const { protocol } = this.#owner
    const { credential } = this.lease
    this.#relay = openRelay(protocol, headers, {
      stripsUsage: this.carried.addsUsage,
      sink: this,
      credential,
    })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.firstByteAt ??= performance.now()
    if (this.#relay !== undefined) this.#relay.data(chunk)
    else this.#collectError(chunk)
    this.#turnBytes += chunk.length
    if (this.#turnBytes >= turnBytes && !this.#isTurnOver) this.#endTurn()
  }

  #endTurn(): void {
    this.#isTurnOver = true
    this.#controller?.pause()
    inTurn(() => {
      this.#isTurnOver = false
      this.#turnBytes = 0
      if (!this.#isHeld && !this.#closed) this.#controller?.resume()
    })
  }

  #hold(): void {
    this.#isHeld = true
    this.#controller?.pause()
  }

  onResponseEnd(): void {
    this.#closed = true
    this.#guarded(() => this.#endBody())
    this.#releaseWhenClosed()
  }

  #endBody(): void {
    if (this.#relay !== undefined) this.#relay.end()
    else this.#failWithAnswer(Buffer.concat(this.#errorBody))
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#interim?.end()
    if (!this.#settled) this.#breakOff(this.#cut ?? causeOf(error, this.firstByteAt !== undefined), error)
    this.#releaseWhenClosed()
  }

  #breakOff(cause: Cause, error: unknown): void {
    if (cause === "defect") {
      this.#settled = true
      if (this.#cut === undefined) this.#owner.defect(error)
    } else if (this.status >= 300) this.#failWithAnswer(undefined)
    else if (this.#isBooked(cause)) this.#settle(cause === "connection" ? "truncated" : cause)
    else this.#fail({ kind: "cause", cause })
  }

  /** True if the upstream has worked for this attempt so that it counts as used, and cannot be tried again. Source: B9, D4. */
  #isBooked(cause: Cause): boolean {
    if (cause === "lease_lost") return false
    if (this.#relay !== undefined && (this.#owner.hasBegun || this.#owner.hasLeft)) return true
    return isOwnChoice.has(cause) && this.#controller !== undefined
  }

  /** Ends the attempt from this side. What has come so far is settled before this returns. */
  cut(cause: Cause): void {
    if (this.#cut !== undefined || this.#released) return
    this.#cut = cause
    if (this.#controller === undefined) this.onResponseError(null, cutByProxy)
    else this.#controller.abort(cutByProxy)
  }

  /** Reads on without the client for as long as the usage may be waited for, or ends at once what has not reached the upstream. Source: A8, D4. */
  leave(drainTimeoutMs: number): void {
    this.#gated = []
    if (this.#controller === undefined || drainTimeoutMs === 0) return this.cut("client_left")
    this.#cancelClose ??= after(drainTimeoutMs, () => this.cut("client_left"))
    this.resume()
  }

  /** Lets the upstream go on after the client took what it was given. */
  resume(): void {
    this.#isHeld = false
    if (!this.#isTurnOver) this.#controller?.resume()
  }

  forward(chunk: Buffer): void {
    if (this.#owner.hasLeft) return
    if (!this.#committed) {
      this.#gated.push(chunk)
      this.#hold()
    } else if (!this.#owner.forward(this, chunk)) this.#hold()
  }

  conclude(whole: boolean): void {
    if (whole) this.#settle("whole")
    else this.#breakOff("truncated", undefined)
  }

  #settle(ending: Ending): void {
    this.#settled = true
    this.#end = endOfAnswer(this.#heard, { outcome: this.#outcomeOf(ending), ttftMs: this.#ttftMs() })
    this.#guarded(() => this.#meter())
    if (this.#committed) this.#owner.concluded(this, ending)
    else this.#gatedEnding = ending
    if (this.#closed) return
    this.#cancelClose?.()
    this.#cancelClose = after(closeAfterEndMs, () => this.cut("client_left"))
    this.resume()
  }

  /** Decides on the usage as soon as it is known: it is stored right behind the lease. */
  #meter(): void {
    const metered = meteredOf(this.lease.upstreamModel, this.#relay, this.carried.expected)
    this.#metered = this.lease.meter(metered)
    // Whoever waits for it may come later.
    this.#metered.catch(() => undefined)
  }

  #outcomeOf(ending: Ending): AttemptEnd["outcome"] {
    if (this.#owner.hasLeft) return "client_closed"
    if (ending !== "whole") return outcomeOfCause(ending)
    return this.#relay?.failed === true ? "upstream_error" : "ok"
  }

  get #heard(): UpstreamEvidence {
    return {
      protocol: this.#owner.protocol,
      status: this.status,
      headers: this.headers,
      nowMs: Date.now(),
    }
  }

  #ttftMs(): number | null {
    return this.firstByteAt === undefined ? null : Math.round(this.firstByteAt - this.#dispatchedAt)
  }

  #collectError(chunk: Buffer): void {
    this.#errorBytes += chunk.length
    if (this.#errorBytes <= errorBodyBytes) this.#errorBody.push(chunk)
    else this.cut("connection")
  }

  #failWithAnswer(body: Buffer | undefined): void {
    const { status, headers } = this
    const { channel, credential } = this.lease
    const answer = readAnswer(this.#owner.protocol, legible({ status, headers, body }, credential), {
      unknownRejection: channel.unknownRejection,
      nowMs: Date.now(),
    })
    this.#fail({ kind: "answer", answer })
  }

  #fail(failure: AttemptFailure): void {
    if (!this.#committed && this.#controller !== undefined && !isLost(failure)) {
      this.#gatedFailure = failure
      return
    }
    this.#settled = true
    this.#end = endOfFailure(this.#heard, failure, this.carried.body)
    // Before anything new is asked for, so that a retry can have the slot.
    this.#releaseWhenClosed()
    this.#owner.failed(this, failure)
  }

  /** Gives the slot back when the upstream's body is closed and what was used is on its way to the log. Source: A9. */
  #releaseWhenClosed(): void {
    if (this.#released || !this.#closed || !this.#settled) return
    this.#released = true
    this.#cancelClose?.()
    // Only what was written to a connection has a controller.
    this.lease.release(this.end, this.#controller !== undefined)
  }

  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#owner.defect(error)
    }
  }
}

const isLost = (failure: AttemptFailure): boolean =>
  failure.kind === "cause" && failure.cause === "lease_lost"
