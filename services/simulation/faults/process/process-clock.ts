import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"

/**
 * The clock of one process: when the process is killed nothing fires any more, and while it is frozen everything waits.
 *
 * All that reaches the process comes through it, so that no promise of a dead one settles.
 */
export class ProcessClock implements Clock {
  readonly #world: Clock
  readonly #ends: Array<() => void> = []
  #frozenUntil = 0
  #isAlive = true

  constructor(world: Clock) {
    this.#world = world
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  now(): number {
    return this.#world.now()
  }

  wallAhead(): number {
    return 0
  }

  settledAhead(): number {
    return 0
  }

  at(timeMs: number, callback: () => void): Cancel {
    let cancel: Cancel = () => undefined
    const fire = (): void => {
      if (!this.isAlive) return
      if (this.#world.now() < this.#frozenUntil) cancel = this.#world.at(this.#frozenUntil, fire)
      else callback()
    }
    cancel = this.#world.at(timeMs, fire)
    return () => cancel()
  }

  soon(callback: () => void): void {
    this.at(this.#world.now(), callback)
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
