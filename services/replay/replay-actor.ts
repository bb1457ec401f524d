import { isCheckpoint } from "@sluice/events/checkpoint.ts"
import { aheadOf, type Fact } from "@sluice/events/commit.ts"
import { factInWallTime } from "@sluice/events/wall-time.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { errorText } from "@sluice/infra/process/error-text.ts"
import { subjectOf } from "./actor-subject.ts"
import { beginsCheckpoint, CheckpointReader } from "./checkpoint-reader.ts"
import { type Change, differenceOf } from "./difference.ts"
import type { ActorState, FoldedSubject } from "./folded-subject.ts"
import { lastSequence } from "./newest-checkpoint.ts"
import { ReplayFailed } from "./replay-failed.ts"
import { startingPoint, type StartingPoint } from "./starting-point.ts"
import { readCommit, type StoredCommit } from "./stored-commits.ts"
import { everything, type Until } from "./until.ts"

/** Where in the log something stands: the last commit that is folded in, whole or in part. */
interface Place {
  readonly version: number
  readonly commit: string
  readonly sequence: number
  /** The time of the last fact of its subject, by the machine's clock. */
  readonly at: number
  /** How far the times that the actor knows are ahead of that clock; absent where they are not. Units: milliseconds. Source: L2. */
  readonly aheadMs?: number
}

/** An actor as it was. */
export interface ReplayedState extends ActorState, Place {
  readonly kind: "state"
  readonly actor: string
}

/** One fact of an actor, and what it changed. */
export interface ReplayedStep extends Omit<Place, "at" | "aheadMs"> {
  readonly kind: "step"
  /** With its times as the machine's clock showed them. */
  readonly fact: Fact
  /** What of the states of its regions is another one. */
  readonly value: ReadonlyArray<Change>
  /** What of all that is known is not as it was. */
  readonly context: ReadonlyArray<Change>
}

/** What is wanted of an actor's history. */
export interface ReplayRequest {
  readonly actor: string
  /** The instant or the version at which it is shown. */
  readonly until: Until
  /** Whether what follows is shown step by step, and up to when. */
  readonly stepsUntilMs: number | undefined
  /** True if it goes on with what happens, until this aborts. */
  readonly follow: AbortSignal | undefined
}

/**
 * Shows an actor as it was, then each step from there on, as far as steps are wanted. One that did not exist yet is only shown from its first step on.
 *
 * Fails: throws `ReplayFailed`, with one line.
 * Source: R1.
 */
export async function* replayActor(
  log: EventLog,
  request: ReplayRequest,
): AsyncGenerator<ReplayedState | ReplayedStep> {
  const { actor, until, stepsUntilMs = Infinity, follow } = request
  const subject = await subjectOf(log, actor)
  const head = await log.head()
  const within = until.atMs === Infinity ? 0 : await lastSequence(log, subject, until)
  const isTimed = stepsUntilMs < Infinity
  const stepsEnd = isTimed ? await lastSequence(log, subject, { ...everything, atMs: stepsUntilMs }) : head
  const replay = new Replay(actor, await startingPoint(log, subject, until))
  const hasSteps = request.stepsUntilMs !== undefined || follow !== undefined
  let isShown = false
  for await (const message of log.read({ subject, afterSequence: replay.sequence, untilSequence: head })) {
    const stored = readCommit(message)
    const { facts } = stored.commit
    const isPast = stored.sequence > stepsEnd
    const left = isShown ? facts : replay.fold(stored, stored.sequence < within ? everything : until)
    if (left.length === 0) continue
    // What is left lies behind the instant that is asked for.
    if (!isShown) yield* replay.state(until, hasSteps)
    isShown = true
    if (!hasSteps || (isPast && wallOf(left[0], stored) > stepsUntilMs)) return
    for (const step of replay.steps(stored, left)) {
      if (isPast && step.fact.at > stepsUntilMs) return
      yield step
    }
  }
  if (!isShown) yield* replay.state(until, hasSteps)
  if (follow === undefined) return
  for await (const message of log.follow({ subject, afterSequence: replay.sequence, signal: follow })) {
    const stored = readCommit(message)
    yield* replay.steps(stored, stored.commit.facts)
  }
}

const wallOf = (fact: Fact | undefined, { commit }: StoredCommit): number => (fact?.at ?? 0) - aheadOf(commit)

class Replay {
  readonly #actor: string
  readonly #checkpoints = new CheckpointReader()
  #fold: FoldedSubject
  #place: Place
  /** True if the fold stands for all that was before; else it does from the next checkpoint on. */
  #isWhole: boolean

  constructor(actor: string, { fold, isWhole, ...place }: StartingPoint) {
    this.#actor = actor
    this.#fold = fold
    this.#place = place
    this.#isWhole = isWhole
  }

  get sequence(): number {
    return this.#place.sequence
  }

  /** Folds what of a commit is wanted, and gives the rest. */
  fold(stored: StoredCommit, until: Until): ReadonlyArray<Fact> {
    const { facts, version, at } = stored.commit
    const aheadMs = aheadOf(stored.commit)
    if (version > until.version) return facts
    // A fence has no facts, and is a version all the same.
    if (facts.length === 0 && at - aheadMs <= until.atMs) this.#stand(stored, at)
    for (const [index, fact] of facts.entries()) {
      if (fact.at - aheadMs > until.atMs) return facts.slice(index)
      this.#evolve(stored, fact)
    }
    return []
  }

  /** Fails: throws where there is no such version, or there was no such actor and nothing else is wanted. */
  *state(until: Until, hasSteps: boolean): Generator<ReplayedState> {
    const place = this.#place
    if (until.version < Infinity && place.version < until.version)
      throw new ReplayFailed({
        message: `there is no version ${until.version} of ${this.#actor}: the newest is ${place.version}`,
      })
    const state = this.#isWhole ? this.#fold.stateOf(this.#actor) : undefined
    if (state !== undefined && place.version > 0)
      yield { kind: "state", actor: this.#actor, ...place, ...state }
    else if (!hasSteps)
      throw new ReplayFailed({
        message: `${this.#actor} is not in the log at that time: its history begins later`,
      })
  }

  /** Folds facts, and tells of those that happened to the actor. */
  *steps(stored: StoredCommit, facts: ReadonlyArray<Fact>): Generator<ReplayedStep> {
    for (const fact of facts) {
      // A checkpoint changes nothing.
      if (fact.actor !== this.#actor || isCheckpoint(fact)) {
        this.#evolve(stored, fact)
        continue
      }
      const before = this.#fold.stateOf(this.#actor)
      this.#evolve(stored, fact)
      const after = this.#fold.stateOf(this.#actor)
      const { at: _, aheadMs: __, ...place } = this.#place
      yield {
        kind: "step",
        fact: factInWallTime(fact, aheadOf(stored.commit)),
        ...place,
        value: differenceOf(before?.value, after?.value),
        context: differenceOf(before?.context, after?.context),
      }
    }
  }

  #evolve({ commit, sequence }: StoredCommit, fact: Fact): void {
    // Where what was before is purged, the history begins with a checkpoint.
    if (this.#place.version === 0 && commit.version > 1 && beginsCheckpoint(commit)) this.#isWhole = false
    try {
      const checkpoint = this.#checkpoints.take(fact)
      if (checkpoint !== undefined && !this.#isWhole) this.#beginAt(checkpoint)
      if (!isCheckpoint(fact)) this.#fold.evolve(fact)
    } catch (error) {
      const reason = errorText(error)
      throw new ReplayFailed({
        message: `commit ${commit.commit} (sequence ${sequence}) cannot be folded: ${reason}`,
      })
    }
    this.#stand({ commit, sequence }, fact.at)
  }

  #stand({ commit: stored, sequence }: StoredCommit, at: number): void {
    const { version, commit } = stored
    const aheadMs = aheadOf(stored)
    this.#place = { version, commit, sequence, at: at - aheadMs, ...(aheadMs === 0 ? {} : { aheadMs }) }
  }

  #beginAt(checkpoint: Parameters<FoldedSubject["fromCheckpoint"]>[0]): void {
    const begun = this.#fold.fromCheckpoint(checkpoint)
    if (begun === undefined) throw new Error("the history begins with a checkpoint that later code wrote")
    this.#fold = begun
    this.#isWhole = true
  }
}
