import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { SubjectTime } from "../clock/subject-time.ts"

/** The domain's no, in a shape of its own. */
export interface Refusal {
  readonly kind: "rejected"
}

/** What came of a command: facts, or a refusal of the domain's own shape, or that it is to be asked again at a time. */
export type Decided<Refused extends Refusal> =
  | { readonly kind: "facts"; readonly facts: ReadonlyArray<Fact> }
  | { readonly kind: "later"; readonly at: number }
  | Refused

/**
 * Brings the times of commands and refusals into the time of a subject and out of it, where that differs from the process's own.
 *
 * Source: L2.
 */
export interface Translation<State, Command, Refused extends Refusal> {
  /** Gives a command with its times as the subject has them. */
  command(command: Command, time: SubjectTime): Command
  /** Gives a refusal with its times as the process has them. */
  refusal(refused: Refused, time: SubjectTime): Refused
  /** Tells a state how far its time is ahead of the machine's clock. Units: milliseconds. */
  ahead(state: State, aheadMs: number): void
}

/**
 * The pure half of an actor host: what a subject's facts make of its state, and what follows from a command.
 *
 * `State` may change in place; the host is its only owner.
 * Source: L1–L3.
 */
export interface Decider<State, Command, Refused extends Refusal> {
  create(): State
  /** Fails: throws on a fact that is out of place. */
  evolve(state: State, fact: Fact): void
  decide(state: State, command: Command, now: number): Decided<Refused>
  /** Gives what follows by itself, a step at a time, until nothing does. */
  following(state: State, now: number): ReadonlyArray<Fact>
  /** Gives when something will follow by itself. */
  dueAt(state: State): number | null
  /** Gives the state as JSON; `null` where it is always folded from the beginning. */
  snapshot(state: State): unknown
  restore(stored: unknown): State
  /** Gives the whole state as the facts of a checkpoint, of which `fromCheckpoint` makes it again. Source: L5, L13. */
  checkpoint(
    state: State,
    told: { readonly subject: string; readonly at: number },
  ): ReadonlyArray<CheckpointFact>
  /** Gives `undefined` for a checkpoint that this code cannot read. */
  fromCheckpoint(facts: ReadonlyArray<CheckpointFact>): State | undefined
  /** Names the code that can read its snapshots. */
  readonly machineHash: string
  /** Absent where neither its commands nor its refusals hold times. */
  readonly translation?: Translation<State, Command, Refused>
}
