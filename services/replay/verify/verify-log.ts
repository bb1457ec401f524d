import { repairPrefix } from "@sluice/events/identifier.ts"
import { type LostTail, lostTailOf } from "@sluice/infra/actor-host/lost-tail.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { foldOf } from "../folded-subject.ts"
import type { ExpectedState } from "./same-state.ts"
import { type SubjectReport, together } from "./tally.ts"
import { verifySubject } from "./verify-subject.ts"

/** How a log is verified. */
export interface VerifyOptions {
  /** What happened before is folded, and not judged. */
  readonly fromMs: number
  /** Returns what a subject's running actors hold, at the version that the log has reached; `undefined` where none are asked. */
  readonly running: (subject: string) => Promise<Omit<ExpectedState, "by"> | undefined>
  /** Hears how many commits of how many have been read. */
  readonly onProgress: (read: number, all: number) => void
}

/**
 * Holds the whole log to all invariants, one subject after the other: reading it, not judging it, is what takes the time.
 *
 * Fails: rejects with `LogUnavailable`.
 * Source: R3.
 */
export const verifyLog = async (log: EventLog, options: VerifyOptions): Promise<SubjectReport> => {
  const { fromMs, running, onProgress } = options
  // A repair is about a commit of another subject, and is read with that.
  const subjects = (await log.subjects()).filter((subject) => !subject.startsWith(repairPrefix)).toSorted()
  const expected = new Map<string, ReadonlyArray<ExpectedState>>()
  const lost = new Map<string, LostTail>()
  for (const subject of subjects) {
    const live = await running(subject)
    expected.set(subject, [
      ...(live === undefined ? [] : [{ ...live, by: "running" as const }]),
      ...(await stored(log, subject)),
    ])
    const [snapshot, tail] = [await log.snapshot(subject), await log.last(subject)]
    const lostTail = await lostTailOf(log, subject, { snapshot, tail, projected: undefined })
    if (lostTail !== undefined) lost.set(subject, lostTail)
  }
  // What the running actors said is in the log by now.
  const untilSequence = await log.head()
  const reports: Array<SubjectReport> = []
  let read = 0
  for (const subject of subjects) {
    const readable = (expected.get(subject) ?? []).filter(isReadable(subject))
    const range = { subject, untilSequence, fromMs, expected: readable, lost: lost.get(subject) }
    reports.push(await verifySubject(log, range, () => onProgress(++read, untilSequence)))
  }
  return together(reports)
}

/** What other code holds is not comparable. */
const isReadable = (subject: string) => {
  const { machineHash } = foldOf(subject)
  return (state: ExpectedState): boolean => state.machineHash === machineHash
}

const stored = async (log: EventLog, subject: string): Promise<ReadonlyArray<ExpectedState>> => {
  const snapshot = await log.snapshot(subject)
  if (snapshot === undefined) return []
  const { version, machineHash, state } = snapshot
  return [{ version, machineHash, state, by: "snapshot" }]
}
