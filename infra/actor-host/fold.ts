import { type CheckpointFact, isCheckpoint } from "@sluice/events/checkpoint.ts"
import { type Commit, decodeCommit, type Fact } from "@sluice/events/commit.ts"
import type { CheckpointPosition, StoredMessage } from "../event-log/event-log.ts"
import type { Position } from "./committer.ts"
import type { Decider, Denial } from "./decider.ts"

/** Where a fold begins: at nothing, or at a state that stands for the commits up to a position. */
export interface FoldStart<State> {
  readonly state: State
  readonly position: Position
  readonly checkpoint: CheckpointPosition | undefined
}

/** True if a commit begins a checkpoint: a fold may begin with it. Source: L5. */
export const beginsCheckpoint = ({ facts: [first] }: Pick<Commit, "facts">): boolean =>
  first !== undefined && isCheckpoint(first) && first.part === 0

type Folding<State> = Pick<Decider<State, never, Denial>, "create" | "evolve" | "fromCheckpoint">

/**
 * Makes a state of a subject's commits, one after the other.
 *
 * Whatever the fold began with, from a whole checkpoint on it goes on with what that holds, so that it makes no difference whether the commits before it are still there. A checkpoint that was not written to
 * its end is none, and one that later code wrote is passed over where the fold knows the commits before it.
 * Source: L5, L11, L13.
 */
export class Fold<State> {
  readonly #decider: Folding<State>
  #state: State
  #position: Position
  #epoch = 0
  #lastAt = 0
  #checkpoint: CheckpointPosition | undefined
  #factsSince = 0
  /** The parts of a checkpoint that were read so far, and where the first of them stands. */
  #parts: Array<CheckpointFact> = []
  #partsAt: Position = { version: 0, sequence: 0 }
  #isFirst = true
  /** True if the state stands for all commits up to the position; it does not yet where the fold began in the middle. */
  #isWhole = true

  constructor(decider: Folding<State>, from?: FoldStart<State>) {
    this.#decider = decider
    this.#state = from?.state ?? decider.create()
    this.#position = from?.position ?? { version: 0, sequence: 0 }
    this.#checkpoint = from?.checkpoint
    this.#factsSince = from?.checkpoint?.factsSince ?? 0
  }

  /** What the commits make. */
  get state(): State {
    return this.#state
  }

  /** Where the last commit stands. */
  get position(): Position {
    return this.#position
  }

  /** The epoch of the last commit (0 = none). */
  get epoch(): number {
    return this.#epoch
  }

  /** The time of the last commit (0 = none). */
  get lastAt(): number {
    return this.#lastAt
  }

  /** The newest whole checkpoint. */
  get checkpoint(): CheckpointPosition | undefined {
    return this.#checkpoint && { ...this.#checkpoint, factsSince: this.#factsSince }
  }

  /** Folds one stored commit. Fails: throws where it cannot be read or is out of place. */
  add({ body, sequence }: Pick<StoredMessage, "body" | "sequence">): Commit {
    const commit = decodeCommit(body)
    const next = this.#position.version + 1
    if (commit.version !== next) this.#beginAnew(commit, next)
    this.#isFirst = false
    this.#position = { version: commit.version, sequence }
    this.#epoch = commit.epoch
    this.#lastAt = commit.at
    for (const fact of commit.facts) this.#take(fact)
    return commit
  }

  /** Fails: throws where the commits so far are not there for the fold to follow them. */
  finish(): void {
    if (!this.#isWhole) throw new Error("the log begins with a checkpoint that was not written to its end")
  }

  #beginAnew(commit: Commit, next: number): void {
    if (!this.#isFirst || commit.version < next || !beginsCheckpoint(commit))
      throw new Error(`version ${commit.version} follows ${next - 1}`)
    this.#state = this.#decider.create()
    this.#checkpoint = undefined
    this.#isWhole = false
  }

  #take(fact: Fact): void {
    if (isCheckpoint(fact)) return this.#collect(fact)
    this.#parts = []
    this.finish()
    this.#decider.evolve(this.#state, fact)
    this.#factsSince += 1
  }

  #collect(fact: CheckpointFact): void {
    if (fact.part === 0) {
      this.#parts = []
      this.#partsAt = this.#position
    }
    if (fact.part !== this.#parts.length) return
    this.#parts.push(fact)
    if (this.#parts.length < fact.parts) return
    const state = this.#decider.fromCheckpoint(this.#parts)
    this.#parts = []
    if (state === undefined && !this.#isWhole)
      throw new Error(`the log begins with a checkpoint that later code wrote (shape ${fact.shape})`)
    if (state === undefined) return
    this.#state = state
    this.#isWhole = true
    this.#checkpoint = { ...this.#partsAt, at: fact.at, factsSince: 0 }
    this.#factsSince = 0
  }
}
