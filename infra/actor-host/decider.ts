import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { SubjectTime } from "../clock/subject-time.ts"

/** What a decision denies, in a shape of the domain's own. */
export interface Denial {
  readonly kind: "denied"
}

/** What came of a command: facts, or a denial, or the time at which to ask again. */
export type Decided<Denied extends Denial> =
  | { readonly kind: "facts"; readonly facts: ReadonlyArray<Fact> }
  | { readonly kind: "later"; readonly at: number }
  | Denied

/**
 * Brings the times of commands and denials into the time of a subject and out of it, where that differs from the process's own.
 *
 * Source: L2.
 */
export interface Translation<State, Command, Denied extends Denial> {
  /** Returns a command with its times as the subject has them. */
  command(command: Command, time: SubjectTime): Command
  /** Returns a denial with its times as the process has them. */
  denial(denied: Denied, time: SubjectTime): Denied
  /** Tells a state how far its time is ahead of the machine's clock. Units: milliseconds. */
  ahead(state: State, aheadMs: number): void
}

/**
 * The pure half of an actor host: what a subject's facts make of its state, and what follows from a command.
 *
 * `State` may change in place; the host is its only owner.
 * Source: L1–L3.
 */
export interface Decider<State, Command, Denied extends Denial> {
  create(): State
  /** Fails: throws on a fact that is out of place. */
  evolve(state: State, fact: Fact): void
  decide(state: State, command: Command, now: number): Decided<Denied>
  /** Returns what follows by itself, a step at a time, until nothing does. */
  reactions(state: State, now: number): ReadonlyArray<Fact>
  /** Returns when something will follow by itself. */
  dueAt(state: State): number | null
  /** Returns the state as JSON; `null` where it is always folded from the beginning. */
  snapshot(state: State): unknown
  restore(stored: unknown): State
  /** Returns the whole state as the facts of a checkpoint, of which `fromCheckpoint` makes it again. Source: L5, L13. */
  checkpoint(
    state: State,
    told: { readonly subject: string; readonly at: number },
  ): ReadonlyArray<CheckpointFact>
  /** Returns `undefined` for a checkpoint that this code cannot read. */
  fromCheckpoint(facts: ReadonlyArray<CheckpointFact>): State | undefined
  /** Names the code that can read its snapshots. */
  readonly machineHash: string
  /** Absent where neither its commands nor its denials hold times. */
  readonly translation?: Translation<State, Command, Denied>
}
