import { decodeCommit } from "@sluice/events/commit.ts"
import { Schema } from "effect"
import type { Clock } from "../clock/clock.ts"
import { type EventLog, LogUnavailable } from "../event-log/event-log.ts"
import type { Position } from "./committer.ts"
import type { Decider, Refusal } from "./decider.ts"

/** A subject's history cannot be folded: the subject stays closed, the rest runs. Source: L11. */
export class UnreadableHistory extends Schema.TaggedError<UnreadableHistory>()("UnreadableHistory", {
  subject: Schema.String,
  commit: Schema.String,
  sequence: Schema.Int,
  reason: Schema.String,
}) {}

/** What a subject's history makes of it. */
export interface Loaded<State> {
  readonly state: State
  readonly position: Position
  /** The epoch of the last commit (0 = none). */
  readonly epoch: number
  /** The time of the last fact (0 = none). */
  readonly lastAt: number
}

/**
 * Folds a subject: the newest snapshot that this code can read, then the commits after it.
 *
 * Fails: `UnreadableHistory`, naming the commit.
 * Source: L11.
 */
export const load = async <State, Command, Refused extends Refusal>(
  log: EventLog,
  subject: string,
  decider: Decider<State, Command, Refused>,
): Promise<Loaded<State>> => {
  const [snapshot, tail] = await Promise.all([log.snapshot(subject), log.last(subject)])
  const isReadable =
    snapshot?.machineHash === decider.machineHash && snapshot.sequence <= (tail?.sequence ?? 0)
  const state = isReadable ? decider.restore(snapshot.state) : decider.create()
  let { version, sequence }: Position = isReadable ? snapshot : { version: 0, sequence: 0 }
  let epoch = 0
  let lastAt = 0
  if (tail !== undefined && tail.sequence === sequence) {
    const commit = decodeCommit(tail.body)
    return { state, position: { version, sequence }, epoch: commit.epoch, lastAt: commit.at }
  }
  for await (const message of log.read({ subject, afterSequence: sequence })) {
    try {
      const commit = decodeCommit(message.body)
      if (commit.version !== version + 1) throw new Error(`version ${commit.version} follows ${version}`)
      for (const fact of commit.facts) decider.evolve(state, fact)
      version = commit.version
      epoch = commit.epoch
      lastAt = commit.at
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new UnreadableHistory({ subject, commit: message.id, sequence: message.sequence, reason })
    }
    sequence = message.sequence
  }
  return { state, position: { version, sequence }, epoch, lastAt }
}

/** The wait before a log that did not answer is asked again. */
const retryMs = 500

/** Folds a subject as soon as the log answers. Fails: `UnreadableHistory`. */
export const loadWhenAnswered = async <State, Command, Refused extends Refusal>(
  log: EventLog,
  subject: string,
  decider: Decider<State, Command, Refused>,
  clock: Clock,
): Promise<Loaded<State>> => {
  for (;;) {
    try {
      return await load(log, subject, decider)
    } catch (error) {
      if (!(error instanceof LogUnavailable)) throw error
      await new Promise<void>((resolve) => clock.at(clock.now() + retryMs, resolve))
    }
  }
}
