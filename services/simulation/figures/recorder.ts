import { createHistogram } from "node:perf_hooks"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import type { AttemptFailure } from "@sluice/ingress/exchange/failure.ts"
import type { CompletedRequest } from "../virtual-node.ts"
import { Convergence } from "./convergence.ts"
import type { Figures } from "./figures.ts"
import { TimeWeighted } from "./time-weighted.ts"

/** Counts what happens in a run, in bounded memory. */
export class Recorder {
  readonly convergence: Convergence
  readonly #clock: Clock
  readonly #waits = createHistogram({ lowest: 1, highest: 86_400_000, figures: 3 })
  readonly #inFlight: TimeWeighted
  #own = 0
  requests = 0
  #completed = 0
  #refused = 0
  #failed = 0
  #clientRejections = 0
  #attempts = 0
  #rejections = 0
  #accepted = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.convergence = new Convergence(clock.now())
    this.#inFlight = new TimeWeighted(clock.now())
  }

  /** How many of the proxy's requests the providers count. */
  get inFlight(): number {
    return this.#own
  }

  /** How many 429s the providers have sent. */
  get rejections(): number {
    return this.#rejections
  }

  /** How many attempts the providers took. */
  get accepted(): number {
    return this.#accepted
  }

  /** Notes that so many more are in flight at a provider. */
  addInFlight(change: number): void {
    this.#own += change
    this.#inFlight.set(this.#own, this.#clock.now())
  }

  /** Notes that a provider took an attempt. */
  onAccepted(): void {
    this.#accepted += 1
  }

  /** Notes that an attempt was sent. */
  onAttempt(): void {
    this.#attempts += 1
  }

  /** Notes that an attempt has failed. */
  onFailed(failure: AttemptFailure): void {
    if (failure.kind === "answer" && failure.answer.status === 429) this.#rejections += 1
  }

  /** Notes how a request ended. */
  onCompleted({ status, code, waitMs }: CompletedRequest): void {
    if (status === 200) {
      this.#completed += 1
      this.#waits.record(Math.max(1, Math.round(waitMs)))
    } else if (code !== "upstream_error" && code !== "upstream_failing") this.#refused += 1
    else {
      this.#failed += 1
      if (status === 429) this.#clientRejections += 1
    }
  }

  /** Sums up; `idealMs` is what an ideal could have used of the slots, or `idealRequests` of the requests. */
  figures(ideal: { readonly busyMs: number } | { readonly requests: number }): Figures {
    this.#inFlight.advance(this.#clock.now())
    const use = "busyMs" in ideal ? this.#inFlight.total / ideal.busyMs : this.#accepted / ideal.requests
    const swing = this.convergence.swing(this.#clock.now())
    return {
      requests: this.requests,
      completed: this.#completed,
      refused: this.#refused,
      failed: this.#failed,
      clientRejections: this.#clientRejections,
      attempts: this.#attempts,
      rejections: this.#rejections,
      rejectedPer1000: this.#attempts === 0 ? 0 : (1_000 * this.#rejections) / this.#attempts,
      usePercent: 100 * use,
      converged: this.convergence.changes,
      swingPercent: swing === null ? null : 100 * swing,
      p95WaitMs: this.#completed === 0 ? 0 : this.#waits.percentile(95),
    }
  }
}
