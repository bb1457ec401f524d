import { type Commit, decodeCommit } from "@sluice/events/commit.ts"
import { Schema } from "effect"
import type { CheckpointPosition, EventLog, StoredMessage } from "../event-log/event-log.ts"
import type { Place } from "../event-log/repair/salvage.ts"
import type { ReadMessage } from "../event-log/still-holds.ts"
import { errorText } from "../process/error-text.ts"
import type { Position } from "./committer.ts"
import type { Decider, Denial } from "./decider.ts"
import { Fold } from "./fold.ts"
import { type LostTail, lostTailOf } from "./lost-tail.ts"

/** A subject's history cannot be folded: the subject stays closed, the rest runs. Source: L11. */
export class UnreadableHistory extends Schema.TaggedError<UnreadableHistory>()("UnreadableHistory", {
  subject: Schema.String,
  commit: Schema.String,
  sequence: Schema.Int,
  reason: Schema.String,
}) {
  override get message(): string {
    return `commit ${this.commit || "?"} (sequence ${this.sequence}) cannot be read: ${this.reason}`
  }
}

/** What a subject's history makes of it. */
export interface Loaded<State> {
  readonly state: State
  readonly position: Position
  /** The epoch of the last commit (0 = none). */
  readonly epoch: number
  /** The time of the last fact (0 = none). */
  readonly lastAt: number
  /** The newest checkpoint that the fold knows of. */
  readonly checkpoint: CheckpointPosition | undefined
  /** How many facts were folded onto a snapshot, or since the beginning. */
  readonly folded: number
}

/** What of a subject is known beside its log. */
export interface LoadOptions {
  /** The last message of it that the tables hold. */
  readonly projected?: ReadMessage | undefined
  /** Hears that the log has lost its end, where the subject goes on all the same; absent: it stays closed. */
  readonly onLostTail?: ((lost: LostTail) => void) | undefined
}

/**
 * Folds a subject: the newest snapshot or checkpoint that this code can read, then the commits after it.
 *
 * Fails: `UnreadableHistory`, naming the commit; `LostTail` where the log does not hold what a snapshot or the tables have seen.
 * Source: L8, L11.
 */
export const load = async <State, Command, Denied extends Denial>(
  log: EventLog,
  subject: string,
  decider: Decider<State, Command, Denied>,
  { projected, onLostTail }: LoadOptions = {},
): Promise<Loaded<State>> => {
  const [snapshot, tail] = await Promise.all([log.snapshot(subject), log.last(subject)])
  const lost = await lostTailOf(log, subject, { snapshot, tail, projected })
  if (lost !== undefined && onLostTail === undefined) throw lost
  if (lost !== undefined) onLostTail?.(lost)
  const isOfThisLog = snapshot !== undefined && lost?.by !== "snapshot"
  const checkpoint = isOfThisLog ? snapshot.checkpoint : undefined
  if (isOfThisLog && snapshot.machineHash === decider.machineHash) {
    const { version, sequence } = snapshot
    const from = { state: decider.restore(snapshot.state), position: { version, sequence }, checkpoint }
    if (tail !== undefined && tail.sequence === sequence) {
      const { epoch, at } = readTail(tail)
      return { ...from, epoch, lastAt: at, folded: 0 }
    }
    return foldAfter(log, subject, { fold: new Fold(decider, from), afterSequence: sequence })
  }
  if (checkpoint !== undefined)
    try {
      const afterSequence = checkpoint.sequence - 1
      return await foldAfter(log, subject, { fold: new Fold(decider), afterSequence })
    } catch (error) {
      // It costs a longer fold, from the first commit that is there.
      if (!(error instanceof UnreadableHistory)) throw error
    }
  return foldAfter(log, subject, { fold: new Fold(decider), afterSequence: 0 })
}

const readTail = (tail: StoredMessage): Commit => {
  try {
    return decodeCommit(tail.body)
  } catch (error) {
    throw unreadable(tail, error)
  }
}

/**
 * Folds a subject from the first commit that is there up to one, and gives where it stands before that.
 *
 * Fails: `UnreadableHistory` where an earlier commit cannot be read.
 */
export const foldBefore = async <State, Command, Denied extends Denial>(
  log: EventLog,
  { subject, sequence }: { readonly subject: string; readonly sequence: number },
  decider: Decider<State, Command, Denied>,
): Promise<{ readonly fold: Fold<State>; readonly before: Place }> => {
  const fold = new Fold(decider)
  for await (const message of log.read({ subject, afterSequence: 0, untilSequence: sequence - 1 }))
    try {
      fold.add(message)
    } catch (error) {
      throw unreadable(message, error)
    }
  const { position, epoch, lastAt: at } = fold
  return { fold, before: { version: position.version, epoch, at } }
}

const foldAfter = async <State>(
  log: EventLog,
  subject: string,
  { fold, afterSequence }: { readonly fold: Fold<State>; readonly afterSequence: number },
): Promise<Loaded<State>> => {
  let folded = 0
  for await (const message of log.read({ subject, afterSequence }))
    try {
      folded += fold.add(message).facts.length
    } catch (error) {
      throw unreadable(message, error)
    }
  const { state, position, epoch, lastAt, checkpoint } = fold
  try {
    fold.finish()
  } catch (error) {
    throw unreadable({ subject, id: "", sequence: position.sequence }, error)
  }
  return { state, position, epoch, lastAt, checkpoint, folded }
}

const unreadable = (
  { subject, id, sequence }: Pick<StoredMessage, "subject" | "id" | "sequence">,
  error: unknown,
): UnreadableHistory => {
  const reason = errorText(error)
  return new UnreadableHistory({ subject, commit: id, sequence, reason })
}
