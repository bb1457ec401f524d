import type { Clock } from "@sluice/infra/clock/clock.ts"
import { drawExponential } from "../random.ts"

/** How strangers behave, and who is told of them. */
export interface ExternalTrafficOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly mean: number
  readonly serviceMs: number
  readonly isFull: () => boolean
  readonly onChange: (change: 1 | -1) => void
}

/** Others who use the same credential: a birth-death process, whose births are lost where no slot is free. */
export class ExternalTraffic {
  readonly #options: ExternalTrafficOptions
  inFlight = 0

  constructor(options: ExternalTrafficOptions) {
    this.#options = options
  }

  /** Lets as many be there as there are on average, and others come. */
  start(): void {
    const { mean } = this.#options
    for (let count = 0; count < Math.round(mean); count += 1) this.#come()
    this.#next()
  }

  #next(): void {
    const { clock, random, mean, serviceMs } = this.#options
    clock.at(clock.now() + drawExponential(random, serviceMs / mean), () => {
      this.#come()
      this.#next()
    })
  }

  #come(): void {
    const { clock, random, serviceMs, isFull, onChange } = this.#options
    if (isFull()) return
    this.inFlight += 1
    onChange(1)
    clock.at(clock.now() + drawExponential(random, serviceMs), () => {
      this.inFlight -= 1
      onChange(-1)
    })
  }
}
