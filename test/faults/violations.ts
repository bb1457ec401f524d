import type { Clock } from "@sluice/infra/clock/clock.ts"

/** Something that must not be, and when it was. */
export interface Violation {
  /** Since the start of the run. */
  readonly atMs: number
  readonly message: string
}

/** What follows the first ones is mostly their consequence. */
const most = 20

/** Collects what must not be. */
export class Violations {
  readonly all: Array<Violation> = []
  readonly #clock: Clock
  readonly #startMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startMs = clock.now()
  }

  /** Takes note of one. */
  readonly add = (message: string): void => {
    if (this.all.length < most) this.all.push({ atMs: this.#clock.now() - this.#startMs, message })
  }
}
