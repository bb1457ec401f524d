import { TimeWeighted } from "./time-weighted.ts"

/** A change of the true limit, and how long it took until the limit in force was near it. Units: seconds; `null` = it never was. */
export interface Converged {
  readonly from: number | null
  readonly to: number
  readonly afterS: number | null
}

/** So near is near: a share of the true limit. Source: F9. */
const nearShare = 0.1

/** Measures how soon the limit in force comes near the true one after each change, and how much it swings from then on. */
export class Convergence {
  readonly #swing: TimeWeighted
  readonly #changes: Array<{ from: number | null; to: number; atMs: number; nearAtMs: number | null }> = []
  #limit: number | null = null

  constructor(startMs: number) {
    this.#swing = new TimeWeighted(startMs)
    this.#swing.isCounting = false
  }

  /** Notes that the true limit has changed. */
  onTruth(to: number, atMs: number): void {
    const from = this.#changes.at(-1)?.to ?? null
    this.#swing.advance(atMs)
    this.#swing.isCounting = false
    this.#changes.push({ from, to, atMs, nearAtMs: null })
    this.#look(atMs)
  }

  /** Notes that the true limit has moved a little, which asks for no new approach. */
  onDrift(to: number, atMs: number): void {
    const change = this.#changes.at(-1)
    if (change === undefined) return this.onTruth(to, atMs)
    change.to = to
    this.#look(atMs)
  }

  /** Notes which limit is in force (`null` = none). */
  onLimit(limit: number | null, atMs: number): void {
    if (limit === this.#limit) return
    this.#limit = limit
    this.#look(atMs)
  }

  #look(atMs: number): void {
    const change = this.#changes.at(-1)
    if (change === undefined || this.#limit === null) return
    this.#swing.set(this.#limit / change.to, atMs)
    const isNear = Math.abs(this.#limit - change.to) <= nearShare * change.to + 1e-9
    if (!isNear || change.nearAtMs !== null) return
    change.nearAtMs = atMs
    this.#swing.isCounting = true
  }

  /** Returns every change of the true limit with its time. */
  get changes(): ReadonlyArray<Converged> {
    return this.#changes.map(({ from, to, atMs, nearAtMs }) => ({
      from,
      to,
      afterS: nearAtMs === null ? null : (nearAtMs - atMs) / 1000,
    }))
  }

  /** Returns the standard deviation of the limit over the true one while it is near, up to an end. */
  swing(endMs: number): number | null {
    this.#swing.advance(endMs)
    return this.#swing.deviation
  }
}
