import type { Group } from "@sluice/actors/group/group.ts"
import type { Commit, Fact } from "@sluice/events/commit.ts"

/** The names of what must hold, each with its rule of the specification. */
export const invariants = {
  history: "L11",
  versions: "L5",
  limits: "A2",
  order: "A7",
  leases: "A9",
  usage: "D3",
  cooldowns: "C5",
  state: "L13",
} as const

export type InvariantName = keyof typeof invariants

/** Where a subject stands before a fact: what its facts so far make, and the commit that holds the fact. */
export interface Moment {
  /** The channel with its accounts, where the subject is one's. */
  readonly group: Group | undefined
  readonly commit: Commit
}

type FactOf<T extends Fact["type"]> = Extract<Fact, { type: T }>

/** What looks at a fact, by its type, and says in words what is wrong; `undefined` where all is well. */
export type Looks = {
  readonly [T in Fact["type"]]?: (fact: FactOf<T>, moment: Moment) => string | undefined
}

/**
 * Something that must hold in each subject of the log. A check remembers what it saw of one subject.
 *
 * Source: R3.
 */
export interface Check {
  readonly name: InvariantName
  /** Looks before the fact happens. */
  readonly looks: Looks
  /** Says what is wrong once all facts of a commit have happened. */
  readonly rested?: (moment: Moment) => string | undefined
}
