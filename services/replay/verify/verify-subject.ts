import { isCheckpoint } from "@sluice/events/checkpoint.ts"
import { aheadOf, type Commit, decodeCommit, type Fact } from "@sluice/events/commit.ts"
import type { LostTail } from "@sluice/infra/actor-host/lost-tail.ts"
import type { EventLog, StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import { firstLineOf } from "@sluice/infra/process/error-text.ts"
import { beginsCheckpoint, CheckpointReader } from "../checkpoint-reader.ts"
import { type FoldedSubject, foldOf } from "../folded-subject.ts"
import { checkCooldowns } from "./cooldown-pairs.ts"
import type { Check, InvariantName, Moment } from "./invariant.ts"
import { checkOrder } from "./lane-order.ts"
import { checkLeases } from "./lease-ends.ts"
import { checkLimits } from "./limits.ts"
import { type ExpectedState, stateProblem } from "./same-state.ts"
import { type SubjectReport, Tally } from "./tally.ts"
import { checkUsage } from "./usage-once.ts"
import { type Before, placeProblem } from "./versions.ts"

/** What of a subject is verified. */
export interface SubjectRange {
  readonly subject: string
  /** The last sequence of the stream that is looked at. */
  readonly untilSequence: number
  /** What happened before is folded, and not judged. */
  readonly fromMs: number
  /** What somebody else says that the commits up to a version make. */
  readonly expected: ReadonlyArray<ExpectedState>
  /** What others have seen of it and the log has lost. Source: L8. */
  readonly lost?: LostTail | undefined
}

type Judge = (name: InvariantName, problem: string | undefined) => void

type Look = (fact: Fact, moment: Moment) => string | undefined

/**
 * Holds one subject of the log to all invariants, by folding it with what the real actors keep.
 *
 * Source: R3.
 */
export const verifySubject = async (
  log: EventLog,
  range: SubjectRange,
  onCommit: () => void = () => undefined,
): Promise<SubjectReport> => {
  const { subject, untilSequence } = range
  const run = new SubjectRun(range)
  for await (const message of log.read({ subject, afterSequence: 0, untilSequence })) {
    if (!run.take(message)) break
    onCommit()
  }
  return run.report()
}

class SubjectRun {
  readonly #range: SubjectRange
  readonly #tally: Tally
  readonly #checkpoints = new CheckpointReader()
  #fold: FoldedSubject
  #checks: ReadonlyArray<Check> = []
  #looks: ReturnType<typeof byType> = new Map()
  #before: Before = { version: 0, epoch: 0, at: 0 }
  /** True if the fold stands for all that was before; where that is purged, it does from the first checkpoint on. */
  #isWhole = true

  constructor(range: SubjectRange) {
    this.#range = range
    this.#tally = new Tally(range.subject)
    this.#fold = foldOf(range.subject)
    this.#begin(this.#fold)
  }

  /** Takes the next commit; false where nothing behind it can be folded. */
  take(message: StoredMessage): boolean {
    const commit = this.#read(message)
    if (commit === undefined) return false
    const isJudged = commit.at - aheadOf(commit) >= this.#range.fromMs
    const judge: Judge = (name, problem) => {
      if (isJudged) this.#tally.judge(name, { message, commit, problem })
    }
    this.#beginInTheMiddle(commit)
    judge("versions", placeProblem(commit, message.id, this.#before))
    try {
      for (const fact of commit.facts) this.#happen(fact, { commit, judge })
    } catch (error) {
      this.#tally.judge("history", { message, commit, problem: wordsOf(error) })
      return false
    }
    for (const { name, rested } of this.#checks) {
      const problem = rested?.({ group: this.#fold.group, commit })
      if (problem !== undefined) judge(name, problem)
    }
    judge("history", undefined)
    for (const expected of this.#range.expected)
      if (expected.version === commit.version) judge("state", stateProblem(this.#fold.snapshot(), expected))
    this.#tally.count(isJudged ? commit.facts.length : 0)
    const { version, epoch } = commit
    this.#before = { version, epoch, at: commit.facts.at(-1)?.at ?? commit.at }
    return true
  }

  report(): SubjectReport {
    const { lost, subject } = this.#range
    if (lost !== undefined) {
      const message = { subject, sequence: lost.seen, id: "a commit", body: "" }
      this.#tally.judge("history", { message, commit: undefined, problem: lost.message })
    }
    return this.#tally.report(this.#range.expected.filter(({ version }) => version > this.#before.version))
  }

  #begin(fold: FoldedSubject): void {
    this.#fold = fold
    this.#checks = [checkLimits(), checkOrder(fold.group), checkLeases(), checkUsage(), checkCooldowns()]
    this.#looks = byType(this.#checks)
  }

  #beginInTheMiddle(commit: Commit): void {
    const { version, epoch } = commit
    if (this.#before.version > 0 || version === 1 || !beginsCheckpoint(commit)) return
    this.#before = { version: version - 1, epoch, at: 0 }
    this.#isWhole = false
  }

  /** Fails: throws where the fact is out of place. */
  #happen(fact: Fact, { commit, judge }: { readonly commit: Commit; readonly judge: Judge }): void {
    const parts = this.#checkpoints.take(fact)
    if (parts !== undefined) this.#compare(parts, judge)
    if (isCheckpoint(fact)) return
    const moment = { group: this.#fold.group, commit }
    for (const [name, look] of this.#looks.get(fact.type) ?? []) judge(name, look(fact, moment))
    try {
      this.#fold.evolve(fact)
    } catch (error) {
      throw new Error(`${fact.type} of ${fact.actor}: ${wordsOf(error)}`, { cause: error })
    }
  }

  /** A checkpoint is what the log makes, or else what the log begins with. Source: L13. */
  #compare(parts: Parameters<FoldedSubject["fromCheckpoint"]>[0], judge: Judge): void {
    const stored = this.#fold.fromCheckpoint(parts)
    if (stored === undefined) return
    if (this.#isWhole)
      return judge(
        "state",
        stateProblem(this.#fold.snapshot(), { state: stored.snapshot(), by: "checkpoint" }),
      )
    this.#isWhole = true
    this.#begin(stored)
  }

  #read(message: StoredMessage): Commit | undefined {
    try {
      return decodeCommit(message.body)
    } catch (error) {
      const problem = `it cannot be read: ${wordsOf(error)}`
      this.#tally.judge("history", { message, commit: undefined, problem })
      return undefined
    }
  }
}

const byType = (checks: ReadonlyArray<Check>) => {
  const looks = new Map<string, Array<readonly [InvariantName, Look]>>()
  for (const check of checks)
    for (const [type, look] of Object.entries(check.looks as unknown as Record<string, Look>)) {
      const ofType = looks.get(type) ?? []
      ofType.push([check.name, look])
      looks.set(type, ofType)
    }
  return looks
}

const wordsOf = (error: unknown): string => firstLineOf(error)
