import { aheadOf } from "@sluice/events/commit.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { type FoldedSubject, foldOf } from "./folded-subject.ts"
import { newestCheckpoint } from "./newest-checkpoint.ts"
import { commitAt } from "./stored-commits.ts"
import { isWithin, type Until } from "./until.ts"

/** A state that stands for the commits of a subject up to a position. */
export interface StartingPoint {
  readonly fold: FoldedSubject
  readonly version: number
  readonly sequence: number
  /** The last commit's id, its time by the machine's clock, and how far the subject was ahead of that. */
  readonly commit: string
  readonly at: number
  readonly aheadMs?: number
  /** True if the fold stands for all commits up to there; else it does once it has read the checkpoint that follows. */
  readonly isWhole: boolean
}

/**
 * Returns where a fold may begin: at the newest snapshot or checkpoint that stands for nothing later than what is wanted, else at nothing.
 *
 * Source: R1, L5, L11.
 */
export const startingPoint = async (log: EventLog, subject: string, until: Until): Promise<StartingPoint> =>
  (await fromStoredSnapshot(log, subject, until)) ?? {
    ...nothing,
    fold: foldOf(subject),
    ...(await beforeCheckpoint(log, subject, until)),
  }

const nothing = { version: 0, sequence: 0, commit: "", at: 0, isWhole: true }

const beforeCheckpoint = async (log: EventLog, subject: string, until: Until) => {
  const found = await newestCheckpoint(log, subject, until)
  return found && { version: found.version - 1, sequence: found.sequence - 1, isWhole: false }
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
  const aheadMs = aheadOf(last.commit)
  const at = last.commit.at - aheadMs
  const place = { version, sequence, commit: last.commit.commit, at, ...(aheadMs === 0 ? {} : { aheadMs }) }
  return { fold: foldOf(subject, state), ...place, isWhole: true }
}
