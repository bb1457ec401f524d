import type { Fact } from "@sluice/events/commit.ts"
import type { SubjectTime } from "../clock/subject-time.ts"
import type { Denial } from "./decider.ts"

/** What came of a command, in times of the process; `committed` resolves when its facts are in the log and rejects with `CommitRefused`. */
export type Executed<Denied extends Denial> =
  | { readonly kind: "facts"; readonly facts: ReadonlyArray<Fact>; readonly committed: Promise<void> }
  | { readonly kind: "later"; readonly at: number }
  | Denied

/** A subject that is decided on and evolves, wherever its facts go. */
export interface Subject<State, Command, Denied extends Denial> {
  /** The state that all facts make, stored or not; whoever reads it changes nothing. */
  readonly state: State
  /** The time that its facts are dated by, and how it is told from that of the process. Source: L2. */
  readonly time: SubjectTime
  /** True if new work may begin. Source: L6, L9. */
  readonly isAccepting: boolean
  /** Resolves when new work may be tried again that only the size of what is being stored stands in the way of; `undefined` where nothing does, or something else. Source: L6. */
  readonly room: Promise<void> | undefined
  /** True if there is a state to decide on. */
  readonly isLive: boolean
  /** Decides a command and evolves the state. Fails: throws a defect. Source: L2. */
  execute(command: Command): Executed<Denied>
  /** Lets a command take place however often that takes. Source: L6. */
  submit(command: Command): Promise<void>
}
