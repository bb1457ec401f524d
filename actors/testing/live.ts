import type { Fact } from "@sluice/events/commit.ts"
import type { Command, Decision, Release } from "../decisions/command.ts"
import { decide } from "../decisions/decide.ts"
import { dueAt, reactions } from "../decisions/reactions.ts"
import { createGroup, evolve, type Group } from "../group/group.ts"
import { happen } from "./happen.ts"
import { start } from "./specification.ts"
import { emptyWorld, type World } from "./world.ts"

/** What decides for a group: the real functions, or ones that break a rule to show that it is noticed. */
export interface Decider {
  readonly decide: (group: Group, command: Command, now: number) => Decision
  readonly reactions: (group: Group, now: number) => ReadonlyArray<Fact>
}

/** The decider of the product. */
export const decider: Decider = { decide, reactions }

/** What was decided at once: by a command, or by itself where there is none. */
export interface Decided {
  readonly command: Command | null
  readonly facts: ReadonlyArray<Fact>
  readonly now: number
}

/** A group that is at rest: nothing follows by itself any more. */
export interface AtRest {
  readonly group: Group
  readonly now: number
}

/** Something that must hold in every history. A rule throws where it does not; it may remember what it saw. */
export interface Rule {
  /** Looks at what was decided, in the world before it. */
  readonly decided?: (world: World, decided: Decided) => void
  /** Looks at each fact, in the world before it, and at the group after it. */
  readonly happened?: (world: World, fact: Fact, group: Group) => void
  /** Looks at the world when nothing follows any more. */
  readonly rested?: (world: World, at: AtRest) => void
  /** Looks at the whole history. */
  readonly ended?: (facts: ReadonlyArray<Fact>, at: AtRest) => void
}

/** More facts than these never follow from one command or one instant. */
const restsWithin = 5_000

/** A group with its naive model, to which commands happen, as the actor host runs it. */
export class Live {
  readonly group = createGroup()
  readonly world = emptyWorld()
  readonly facts: Array<Fact> = []
  now = start
  /** Releases that wait for the end of their linger. */
  #lingering: Array<{ readonly at: number; readonly release: Release }> = []
  readonly #decider: Decider
  readonly #rules: ReadonlyArray<Rule>

  constructor(rules: ReadonlyArray<Rule>, by: Decider) {
    this.#rules = rules
    this.#decider = by
  }

  /** True if an attempt has ended and only its linger keeps its slot. */
  isLingering(lease: string): boolean {
    return this.#lingering.some(({ release }) => release.lease === lease)
  }

  /** Asks for something, and lets happen what follows. */
  ask(command: Command): Decision {
    const decision = this.#decider.decide(this.group, command, this.now)
    if (decision.kind === "later" && command.type === "release")
      this.#lingering.push({ at: decision.at, release: command })
    if (decision.kind === "facts") this.#take(command, decision.facts)
    this.#rest()
    return decision
  }

  /** Lets time pass: what is due on the way happens at its time, or late where the host sleeps. */
  pass(spanMs: number, isLate: boolean): void {
    const end = this.now + spanMs
    while (!isLate) {
      const next = Math.min(dueAt(this.group) ?? Infinity, ...this.#lingering.map(({ at }) => at))
      if (next > end) break
      this.now = next
      this.#wake()
    }
    this.now = end
    this.#wake()
  }

  /** Ends the history. */
  end(): void {
    for (const rule of this.#rules) rule.ended?.(this.facts, { group: this.group, now: this.now })
  }

  #wake(): void {
    this.#rest()
    const due = this.#lingering.filter(({ at }) => at <= this.now)
    this.#lingering = this.#lingering.filter(({ at }) => at > this.now)
    for (const { release } of due) this.ask(release)
  }

  #rest(): void {
    const first = this.facts.length
    for (;;) {
      const facts = this.#decider.reactions(this.group, this.now)
      if (facts.length === 0) break
      this.#take(null, facts)
      if (this.facts.length > first + restsWithin) throw new Error("L6: reactions do not come to rest")
    }
    const next = dueAt(this.group)
    if (next !== null && next <= this.now) throw new Error("L3: something is due, and nothing follows")
    for (const rule of this.#rules) rule.rested?.(this.world, { group: this.group, now: this.now })
  }

  #take(command: Command | null, facts: ReadonlyArray<Fact>): void {
    for (const rule of this.#rules) rule.decided?.(this.world, { command, facts, now: this.now })
    for (const fact of facts) {
      evolve(this.group, fact)
      for (const rule of this.#rules) rule.happened?.(this.world, fact, this.group)
      happen(this.world, fact)
      this.facts.push(fact)
    }
  }
}
