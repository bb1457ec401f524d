import { sleep } from "../../clock/clock.ts"
import type { Clock } from "../../clock/clock.ts"
import { type EventLog, LogUnavailable, WrongSequence } from "../event-log.ts"
import type { SpoolRecord } from "./record.ts"

/** What became of a spooled commit. */
export type Drained =
  | { readonly kind: "stored"; readonly sequence: number }
  /** It will never be in the log: another owner's commit is in its place, the log has lost what stood before it, or it cannot be stored at all. */
  | { readonly kind: "refused"; readonly error: unknown }

/** What the drain of a spool needs. */
export interface DrainOptions {
  readonly log: EventLog
  readonly clock: Clock
  /** Told at each answer that does not come; throws where there is no point in asking again. */
  readonly onUnavailable: (error: LogUnavailable) => void
}

/** The wait before an unanswered log is asked again, at first and at most. */
const retryMs = { first: 50, most: 500 }

/**
 * Brings spooled commits into the log, each subject's in order, each behind the fence of the one before it.
 *
 * Source: L8, L9.
 */
export class SpoolDrain {
  #options: DrainOptions
  /** The real sequence of each subject's last drained commit. */
  #sequences = new Map<string, number>()
  /** Subjects of which what follows is void, because what stood before it was refused. */
  #void = new Map<string, unknown>()
  /** What the log already held behind a subject's fence when a commit met it, by id. */
  #found = new Map<string, ReadonlyMap<string, number>>()

  constructor(options: DrainOptions) {
    this.#options = options
  }

  /** Asks until the log has answered what becomes of a commit. */
  async put(record: SpoolRecord): Promise<Drained> {
    if (record.expectedSequence !== null) this.#void.delete(record.subject)
    else if (this.#void.has(record.subject)) return { kind: "refused", error: this.#void.get(record.subject) }
    let waitMs = retryMs.first
    for (;;) {
      try {
        const sequence = await this.#append(record)
        this.#sequences.set(record.subject, sequence)
        return { kind: "stored", sequence }
      } catch (error) {
        if (!(error instanceof LogUnavailable)) {
          this.#void.set(record.subject, error)
          return { kind: "refused", error }
        }
        this.#options.onUnavailable(error)
        const { clock } = this.#options
        await sleep(clock, waitMs)
        waitMs = Math.min(2 * waitMs, retryMs.most)
      }
    }
  }

  async #append({ subject, id, body, expectedSequence }: SpoolRecord): Promise<number> {
    const { log } = this.#options
    const fence = expectedSequence ?? this.#sequences.get(subject) ?? 0
    const known = this.#found.get(subject)?.get(id)
    if (known !== undefined) return known
    try {
      return await log.append({ subject, id, body, expectedSequence: fence })
    } catch (error) {
      if (!(error instanceof WrongSequence) || error.actual < fence) throw error
      // A drain that was broken off by the end of its process, or a publish that came late, has stored it before.
      const found = new Map<string, number>()
      for await (const stored of log.read({ subject, afterSequence: fence }))
        found.set(stored.id, stored.sequence)
      const sequence = found.get(id)
      if (sequence === undefined) throw error
      this.#found.set(subject, found)
      return sequence
    }
  }
}
