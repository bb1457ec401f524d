import type { Clock } from "@sluice/infra/clock/clock.ts"
import { TimeWeighted } from "./time-weighted.ts"

/** How requests wait in the ideal, as they do in the queue that it is compared with. */
export interface IdealQueue {
  readonly size: number
  readonly timeoutMs: number | null
}

/**
 * What whoever knew the limit and had no way to go could have used of it: the same requests, served first come, first served, without a message on the way.
 */
export class IdealService {
  readonly #clock: Clock
  readonly #queue: IdealQueue
  readonly #busy: TimeWeighted
  #waiting: Array<{ readonly holdMs: number; readonly leavesAt: number }> = []
  #first = 0
  #inFlight = 0
  #capacity = Infinity
  #isOut = false

  constructor(clock: Clock, queue: IdealQueue) {
    this.#clock = clock
    this.#queue = queue
    this.#busy = new TimeWeighted(clock.now())
  }

  /** Takes a request that would count for so long. */
  arrive(holdMs: number): void {
    if (this.#isOpen) return this.#serve(holdMs)
    const now = this.#clock.now()
    this.#dropLate(now)
    if (this.#waiting.length - this.#first >= this.#queue.size) return
    this.#waiting.push({ holdMs, leavesAt: now + (this.#queue.timeoutMs ?? Infinity) })
  }

  /** Changes how many it takes at once. */
  setCapacity(capacity: number): void {
    this.#capacity = capacity
    this.#serveWaiting()
  }

  /** Stops serving, or begins again. */
  setOut(isOut: boolean): void {
    this.#isOut = isOut
    this.#serveWaiting()
  }

  get #isOpen(): boolean {
    return !this.#isOut && this.#inFlight < this.#capacity
  }

  /** Returns the time that it would have been busy, over all slots. Units: milliseconds. */
  busyMs(): number {
    this.#busy.advance(this.#clock.now())
    return this.#busy.total
  }

  #serve(holdMs: number): void {
    const now = this.#clock.now()
    this.#inFlight += 1
    this.#busy.set(this.#inFlight, now)
    this.#clock.at(now + holdMs, () => {
      this.#inFlight -= 1
      this.#busy.set(this.#inFlight, this.#clock.now())
      this.#serveWaiting()
    })
  }

  #serveWaiting(): void {
    this.#dropLate(this.#clock.now())
    for (let next = this.#waiting[this.#first]; next !== undefined; next = this.#waiting[this.#first]) {
      if (!this.#isOpen) return
      this.#first += 1
      this.#serve(next.holdMs)
    }
  }

  #dropLate(now: number): void {
    while ((this.#waiting[this.#first]?.leavesAt ?? Infinity) <= now) this.#first += 1
    if (this.#first < 1_000) return
    this.#waiting = this.#waiting.slice(this.#first)
    this.#first = 0
  }
}
