import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { type FoldedSubject, foldOf } from "./folded-subject.ts"
import { commitAt, type StoredCommit } from "./stored-commits.ts"

/** Up to where a history is wanted: all that happened by a time, or whole commits up to a version. */
export interface Until {
  readonly atMs: number
  readonly version: number
}

/** Everything that is stored. */
export const everything: Until = { atMs: Infinity, version: Infinity }

/** A state that stands for the commits of a subject up to a position. */
export interface StartingPoint {
  readonly fold: FoldedSubject
  readonly version: number
  readonly sequence: number
  /** The last commit's id and time. */
  readonly commit: string
  readonly at: number
}

/** Tells whether a commit belongs whole to what is wanted. */
export const isWithin = ({ commit }: StoredCommit, { atMs, version }: Until): boolean =>
  commit.at <= atMs && commit.version <= version

/**
 * Gives where a fold may begin: at the newest stored state that stands for nothing later than what is wanted, else at nothing.
 *
 * Source: R1, L11.
 */
export const startingPoint = async (log: EventLog, subject: string, until: Until): Promise<StartingPoint> =>
  (await fromStoredSnapshot(log, subject, until)) ?? {
    fold: foldOf(subject),
    version: 0,
    sequence: 0,
    commit: "",
    at: 0,
  }

/** A snapshot of other code, and one of a later time, is no help: the history is. */
const fromStoredSnapshot = async (
  log: EventLog,
  subject: string,
  until: Until,
): Promise<StartingPoint | undefined> => {
  const snapshot = await log.snapshot(subject)
  if (snapshot === undefined || snapshot.version > until.version) return undefined
  if (snapshot.machineHash !== foldOf(subject).machineHash) return undefined
  const last = await commitAt(log, subject, snapshot.sequence)
  if (last === undefined || !isWithin(last, until)) return undefined
  const { version, sequence, state } = snapshot
  const { commit, at } = last.commit
  return { fold: foldOf(subject, state), version, sequence, commit, at }
}
