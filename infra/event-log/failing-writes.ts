import { Schema } from "effect"

/** Since when a log that is connected has taken nothing of what it was given. Units: `forMs` is of the process's own time, so that a sleep of the machine is no outage. */
export const FailingWrites = Schema.Struct({
  forMs: Schema.Number,
  tries: Schema.Int,
  reason: Schema.String,
})
export type FailingWrites = typeof FailingWrites.Type

/** Watches whether anything that is written is taken: what is tried again and again while nothing is shows that a server refuses, or hangs. Source: L9. */
export class WriteWatch {
  readonly #now: () => number
  #since = 0
  #tries = 0
  #reason = ""

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Something was stored. */
  took(): void {
    this.#tries = 0
  }

  /** Something was not stored, although there is a connection. */
  failed(reason: string): void {
    if (this.#tries === 0) this.#since = this.#now()
    this.#tries += 1
    this.#reason = reason
  }

  /** Returns how long nothing has been stored; `undefined` where the last try was, or nothing was tried. */
  get failing(): FailingWrites | undefined {
    if (this.#tries === 0) return undefined
    return { forMs: this.#now() - this.#since, tries: this.#tries, reason: this.#reason }
  }
}
