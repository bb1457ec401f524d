/** The mean and the deviation over time of something that keeps a value until it changes. */
export class TimeWeighted {
  #atMs: number
  #value = 0
  #spanMs = 0
  #sum = 0
  #sumOfSquares = 0
  isCounting = true

  constructor(startMs: number) {
    this.#atMs = startMs
  }

  /** Notes a value from a time on. */
  set(value: number, atMs: number): void {
    this.advance(atMs)
    this.#value = value
  }

  /** Lets time pass. */
  advance(atMs: number): void {
    const spanMs = atMs - this.#atMs
    this.#atMs = atMs
    if (!this.isCounting) return
    this.#spanMs += spanMs
    this.#sum += spanMs * this.#value
    this.#sumOfSquares += spanMs * this.#value * this.#value
  }

  /** Returns the value times its span, added up. Units: of the value, times milliseconds. */
  get total(): number {
    return this.#sum
  }

  /** Returns the standard deviation; `null` where no time was counted. */
  get deviation(): number | null {
    if (this.#spanMs === 0) return null
    const mean = this.#sum / this.#spanMs
    return Math.sqrt(Math.max(0, this.#sumOfSquares / this.#spanMs - mean * mean))
  }
}
