import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"
import FlatQueue from "flatqueue"

interface Timer {
  readonly callback: () => void
  isCancelled: boolean
}

/** The timers of one instant, in the order in which they were set. */
interface Instant {
  readonly timers: Array<Timer>
  next: number
}

/** After so many callbacks the process comes to its other work. */
const callbacksPerTurn = 20_000

/**
 * A clock that jumps from one timer to the next: an hour takes as long as what happens in it.
 *
 * Timers of one instant fire in the order in which they were set, and every promise settles between two of them, so the same calls give the same history.
 * Source: L3, F8.
 */
export class VirtualClock implements Clock {
  #nowMs: number
  #queue = new FlatQueue<Instant>()
  #instants = new Map<number, Instant>()

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  wallAhead(): number {
    return 0
  }

  settledAhead(): number {
    return 0
  }

  at(timeMs: number, callback: () => void): Cancel {
    const timer = { callback, isCancelled: false }
    const atMs = Math.max(this.#nowMs, Math.ceil(timeMs))
    const instant = this.#instants.get(atMs)
    if (instant === undefined) {
      const opened = { timers: [timer], next: 0 }
      this.#instants.set(atMs, opened)
      this.#queue.push(opened, atMs)
    } else instant.timers.push(timer)
    return () => (timer.isCancelled = true)
  }

  soon(callback: () => void): void {
    this.at(this.#nowMs, callback)
  }

  /** Lets everything happen up to a time; resolves when the clock stands there. Fails: rejects with what a callback throws. */
  run(untilMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let callbacks = 0
    const turn = (): void => {
      try {
        if (!this.#fireNext(untilMs)) {
          this.#nowMs = Math.max(this.#nowMs, untilMs)
          return resolve()
        }
      } catch (error) {
        return reject(error)
      }
      callbacks += 1
      if (callbacks % callbacksPerTurn === 0) setImmediate(turn)
      else settle()
    }
    // What is asked for in a microtask comes when no other microtask is left: every promise has settled then.
    const settle = (): void => queueMicrotask(() => process.nextTick(turn))
    settle()
    return promise
  }

  #fireNext(untilMs: number): boolean {
    for (let atMs = this.#queue.peekValue(); atMs !== undefined; atMs = this.#queue.peekValue()) {
      if (atMs > untilMs) return false
      const instant = this.#queue.peek()
      const timer = instant?.timers[instant.next]
      if (instant === undefined || timer === undefined) {
        this.#queue.pop()
        this.#instants.delete(atMs)
        continue
      }
      instant.next += 1
      if (timer.isCancelled) continue
      this.#nowMs = atMs
      timer.callback()
      return true
    }
    return false
  }
}
