import type { Commit } from "@sluice/events/commit.ts"
import type { StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import { type InvariantName, invariants } from "./invariant.ts"
import type { ExpectedState } from "./same-state.ts"

/** A commit that breaks an invariant. */
export interface Violation {
  readonly invariant: InvariantName
  readonly subject: string
  readonly commit: string
  /** `null` where the commit cannot be read, as is `at`. */
  readonly version: number | null
  readonly sequence: number
  readonly at: number | null
  readonly problem: string
}

/** How often an invariant was looked at, and how often it did not hold. */
export interface Count {
  readonly checked: number
  readonly violated: number
}

/** What came of one subject, or of all. */
export interface SubjectReport {
  readonly commits: number
  readonly facts: number
  readonly counts: Readonly<Record<InvariantName, Count>>
  /** The first of each invariant. */
  readonly violations: ReadonlyArray<Violation>
  /** The states that could not be compared: the log does not reach so far. */
  readonly unreached: ReadonlyArray<string>
}

/** So many of one invariant are listed for a subject; all are counted. */
const listedOfEach = 100

const names = Object.keys(invariants) as ReadonlyArray<InvariantName>

/** Counts what is found in one subject. */
export class Tally {
  readonly #subject: string
  readonly #checked = new Map<InvariantName, number>()
  readonly #violated = new Map<InvariantName, number>()
  readonly #violations: Array<Violation> = []
  #commits = 0
  #facts = 0

  constructor(subject: string) {
    this.#subject = subject
  }

  /** Counts a commit that was judged. */
  count(facts: number): void {
    if (facts === 0) return
    this.#commits += 1
    this.#facts += facts
  }

  /** Counts one look at an invariant; without a problem it holds. */
  judge(
    invariant: InvariantName,
    {
      message,
      commit,
      problem,
    }: { message: StoredMessage; commit: Commit | undefined; problem: string | undefined },
  ): void {
    this.#checked.set(invariant, (this.#checked.get(invariant) ?? 0) + 1)
    if (problem === undefined) return
    const violated = (this.#violated.get(invariant) ?? 0) + 1
    this.#violated.set(invariant, violated)
    if (violated > listedOfEach) return
    this.#violations.push({
      invariant,
      subject: this.#subject,
      commit: message.id,
      version: commit?.version ?? null,
      sequence: message.sequence,
      at: commit?.at ?? null,
      problem,
    })
  }

  report(unreached: ReadonlyArray<ExpectedState>): SubjectReport {
    const of = (counts: Map<InvariantName, number>, name: InvariantName) => counts.get(name) ?? 0
    return {
      commits: this.#commits,
      facts: this.#facts,
      counts: countsOf((name) => ({ checked: of(this.#checked, name), violated: of(this.#violated, name) })),
      violations: this.#violations,
      unreached: unreached.map(({ version, by }) => `${this.#subject} at version ${version} (${by})`),
    }
  }
}

/** Puts the reports of several subjects together. */
export const together = (reports: ReadonlyArray<SubjectReport>): SubjectReport => {
  const sum = (of: (report: SubjectReport) => number) => reports.reduce((total, one) => total + of(one), 0)
  return {
    commits: sum(({ commits }) => commits),
    facts: sum(({ facts }) => facts),
    counts: countsOf((name) => ({
      checked: sum(({ counts }) => counts[name].checked),
      violated: sum(({ counts }) => counts[name].violated),
    })),
    violations: reports
      .flatMap(({ violations }) => violations)
      .toSorted((one, other) => one.sequence - other.sequence),
    unreached: reports.flatMap(({ unreached }) => unreached),
  }
}

const countsOf = (count: (name: InvariantName) => Count): SubjectReport["counts"] =>
  Object.fromEntries(names.map((name) => [name, count(name)])) as Record<InvariantName, Count>
