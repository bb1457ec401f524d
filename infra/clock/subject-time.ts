import { heldBack } from "@sluice/events/subject-span.ts"
import type { Clock } from "./clock.ts"

/**
 * The time of one subject of the log, by which its facts are dated: it never falls, and goes on from the last fact.
 *
 * Where it begins it is the later of the machine's clock and the last fact. From then on it goes on with the process's own time: where it is ahead of the machine's clock, at nine tenths until they meet; where it is
 * behind one that was put forward, as it is, until that is settled. Times from outside are read against the machine's clock and come to the subject by way of the process's own time.
 * Units: milliseconds since the epoch.
 * Source: L2, L3.
 */
export class SubjectTime {
  readonly #clock: Clock
  /** How far it is ahead of the process's own time, with fractions. */
  #aheadMs: number
  /** The process's own time when that was so. */
  #since: number
  /** How far the machine's clock was ahead of the process's own time then. */
  #wallAheadMs: number

  constructor(clock: Clock, lastAt: number) {
    this.#clock = clock
    this.#since = clock.now()
    this.#wallAheadMs = clock.wallAhead()
    this.#aheadMs = Math.max(clock.settledAhead(), lastAt - this.#since)
  }

  /** Returns the time of what happens now. */
  now(): number {
    const now = this.#clock.now()
    this.#wallAheadMs = this.#clock.wallAhead()
    if (this.#aheadMs > this.#wallAheadMs)
      this.#aheadMs = Math.max(this.#wallAheadMs, this.#aheadMs - heldBack * (now - this.#since))
    else if (this.#aheadMs < this.#wallAheadMs)
      this.#aheadMs = Math.max(this.#aheadMs, this.#clock.settledAhead())
    this.#since = now
    return Math.floor(now + this.#aheadMs)
  }

  /** Makes it no earlier than a fact that another host has stored. */
  goOnFrom(lastAt: number): void {
    this.#aheadMs = Math.max(this.#aheadMs, lastAt - this.#since)
  }

  /** True if it is another than the process's own time. */
  get differs(): boolean {
    return this.#aheadMs !== 0
  }

  /** How far it is ahead of the machine's clock; below zero where that was put forward. Units: whole milliseconds. */
  get aheadMs(): number {
    return Math.floor(this.#aheadMs) - this.#wallAheadMs
  }

  /** Returns the subject's time at one of the process's own, past or to come. */
  of(timeMs: number): number {
    if (this.#aheadMs <= this.#wallAheadMs) return Math.floor(timeMs + this.#aheadMs)
    const slowed = timeMs + this.#aheadMs - heldBack * (timeMs - this.#since)
    return Math.floor(Math.max(timeMs + this.#wallAheadMs, slowed))
  }

  /** Returns the process's own time at which it is a time of the subject. */
  toProcess(atMs: number): number {
    if (this.#aheadMs <= this.#wallAheadMs) return Math.ceil(atMs - this.#aheadMs)
    const slowed = this.#since + (atMs - this.#since - this.#aheadMs) / (1 - heldBack)
    return Math.ceil(Math.min(atMs - this.#wallAheadMs, slowed))
  }

  /** Returns what the machine's clock shows at a time of the subject. */
  toWall(atMs: number): number {
    return this.toProcess(atMs) + this.#wallAheadMs
  }
}
