import { type EventLog, WrongSequence } from "../event-log.ts"
import type { Drained } from "./drain.ts"
import type { SpoolRecord } from "./record.ts"

type Commit = Parameters<EventLog["append"]>[0]

/** The last commit of a subject that the spool holds. */
export interface Tail {
  readonly id: string
  /** Provisional. */
  readonly sequence: number
  readonly stored: Promise<void>
}

interface Stored {
  readonly id: string
  readonly provisional: number | undefined
  readonly sequence: number
}

/** Sequences from here on are provisional; a log would need centuries to come so far. */
const firstProvisional = 2 ** 52

/**
 * What subjects have in their fences while a spool is used: provisional sequences, and the real ones that they stand for when their commits are drained.
 *
 * Source: L5, L8, L9.
 */
export class SpoolFences {
  #tails = new Map<string, Tail>()
  /** The last drained commit of each subject; the provisional sequence of one that was not the last of its subject is in no fence. */
  #drained = new Map<string, Stored>()
  /** Why a subject's commits were refused when they were drained. */
  #refused = new Map<string, unknown>()
  #nextProvisional = firstProvisional

  /** Returns the spool's last commit of a subject. */
  tailOf(subject: string): Tail | undefined {
    return this.#tails.get(subject)
  }

  /** Notes a commit that goes to the spool. */
  add({ subject, id }: Commit, stored: Promise<void>): Tail {
    const tail = { id, sequence: this.#nextProvisional++, stored }
    this.#tails.set(subject, tail)
    this.#refused.delete(subject)
    return tail
  }

  /** A commit that did not get into the spool leaves the one before it as the last, unless that is drained or refused meanwhile. */
  takeBack(subject: string, { tail, before }: { tail: Tail; before: Tail | undefined }): void {
    if (this.#tails.get(subject) !== tail) return
    this.#tails.delete(subject)
    if (before === undefined || this.#refused.has(subject)) return
    const drained = this.#drained.get(subject)
    if (drained?.id === before.id) this.#drained.set(subject, { ...drained, provisional: before.sequence })
    else this.#tails.set(subject, before)
  }

  /** Notes what became of a spooled commit. */
  note({ subject, id }: SpoolRecord, drained: Drained): void {
    const tail = this.#tails.get(subject)
    const provisional = tail?.id === id ? tail.sequence : undefined
    if (provisional !== undefined) this.#tails.delete(subject)
    if (drained.kind === "refused") this.#refused.set(subject, drained.error)
    else this.#drained.set(subject, { id, provisional, sequence: drained.sequence })
  }

  /**
   * Returns the real sequence that a commit has to stand behind, where the spool holds nothing of its subject.
   *
   * Fails: throws what refused the commit before it, and `WrongSequence` for a subject whose tail the log has lost.
   */
  fenceOf({ subject, expectedSequence: expected }: Commit): number {
    if (expected < firstProvisional) {
      this.requireTail(subject)
      return expected
    }
    const drained = this.#drained.get(subject)
    if (drained?.provisional === expected) return drained.sequence
    const actual = drained?.sequence ?? 0
    throw this.#refused.get(subject) ?? new WrongSequence({ subject, expected, actual })
  }

  /** Fails: throws `WrongSequence` for a subject whose tail the log has lost: nobody goes on from what is left of it. Source: L8. */
  requireTail(subject: string): void {
    const refused = this.#refused.get(subject)
    if (refused instanceof WrongSequence && refused.actual < refused.expected) throw refused
  }

  /** Returns the real sequence of a subject's last commit; `undefined` where it is not known. */
  storedSequence(subject: string, sequence: number): number | undefined {
    if (sequence < firstProvisional) return sequence
    const drained = this.#drained.get(subject)
    return drained?.provisional === sequence ? drained.sequence : undefined
  }
}
