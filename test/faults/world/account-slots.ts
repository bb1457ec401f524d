import type { Limit } from "@sluice/actors/limit/limit.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"

interface InForce {
  readonly since: number
  readonly limit: Limit
}

/** The limits of one account or channel as its host had them, one after the other. */
export class LimitHistory {
  readonly #clock: Clock
  readonly #inForce: Array<InForce> = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes what holds from now on. */
  note(limit: Limit): void {
    if (this.#inForce.at(-1)?.limit === limit && this.#inForce.length > 0) return
    this.#inForce.push({ since: this.#clock.now(), limit })
  }

  /** Returns the highest limit that was in force at any instant since a time. */
  highestSince(timeMs: number): number {
    const from = this.#inForce.findLastIndex(({ since }) => since < timeMs)
    return Math.max(...this.#inForce.slice(Math.max(0, from)).map(({ limit }) => limit ?? Infinity))
  }
}
