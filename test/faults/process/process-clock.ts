import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"

/** Returns how far the clock of a machine is ahead of real time. Units: milliseconds. */
export type MachineClock = () => number

/**
 * The clock of one process: when the process is killed nothing fires any more, and while it is frozen everything waits.
 *
 * Its own time begins with what the machine's clock shows when it starts.
 * All that reaches the process comes through it, so that no promise of a dead one settles.
 */
export class ProcessClock implements Clock {
  readonly #world: Clock
  readonly #machine: MachineClock
  /** How far its own time is ahead of real time. */
  readonly #aheadMs: number
  #settledMs = 0
  readonly #ends: Array<() => void> = []
  #frozenUntil = 0
  #isAlive = true

  constructor(world: Clock, machine: MachineClock = () => 0) {
    this.#world = world
    this.#machine = machine
    this.#aheadMs = machine()
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  now(): number {
    return this.#world.now() + this.#aheadMs
  }

  wallAhead(): number {
    const aheadMs = this.#machine() - this.#aheadMs
    this.#settledMs = Math.min(this.#settledMs, aheadMs)
    return aheadMs
  }

  /** A run is over before a clock that was put forward is settled. */
  settledAhead(): number {
    this.wallAhead()
    return this.#settledMs
  }

  at(timeMs: number, callback: () => void): Cancel {
    let cancel: Cancel = () => undefined
    const fire = (): void => {
      if (!this.isAlive) return
      if (this.#world.now() < this.#frozenUntil) cancel = this.#world.at(this.#frozenUntil, fire)
      else callback()
    }
    cancel = this.#world.at(timeMs - this.#aheadMs, fire)
    return () => cancel()
  }

  soon(callback: () => void): void {
    this.at(this.now(), callback)
  }

  /** Runs something at the end of the process, which that end does to the world. */
  onKill(end: () => void): void {
    this.#ends.push(end)
  }

  /** Stops the process for a while, as a machine that is out of memory does. */
  freeze(spanMs: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#world.now() + spanMs)
  }

  /** Ends the process in this instant. */
  kill(): void {
    if (!this.isAlive) return
    this.#isAlive = false
    for (const end of this.#ends) end()
  }
}
