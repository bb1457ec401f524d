import { type CheckpointFact, isCheckpoint } from "@sluice/events/checkpoint.ts"
import type { Commit, Fact } from "@sluice/events/commit.ts"

/** True if a fold may begin with a commit. Source: L5. */
export const beginsCheckpoint = ({ facts: [first] }: Pick<Commit, "facts">): boolean =>
  first !== undefined && isCheckpoint(first) && first.part === 0

/** Puts the parts of checkpoints together, which may stand in several commits. Source: L5. */
export class CheckpointReader {
  #parts: Array<CheckpointFact> = []

  /** Takes the next fact of a subject; gives all parts of a checkpoint with the last of them. */
  take(fact: Fact): ReadonlyArray<CheckpointFact> | undefined {
    if (!isCheckpoint(fact) || fact.part === 0) this.#parts = []
    if (!isCheckpoint(fact) || fact.part !== this.#parts.length) return undefined
    this.#parts.push(fact)
    return fact.parts === this.#parts.length ? this.#parts : undefined
  }
}
