import type { Fact } from "@sluice/events/commit.ts"

/** Where a fact stands. */
export interface Place {
  readonly subject: string
  readonly commit: string
  readonly version: number
}

/** Something that holds of every log, whatever went wrong. */
export interface LogInvariant {
  /** Takes the next fact of the log; says what is wrong with it. */
  take(fact: Fact, place: Place): string | undefined
  /** Says what is still open where nothing is under way any more. */
  left(nowMs: number): ReadonlyArray<string>
}
