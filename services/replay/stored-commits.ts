import type { Commit } from "@sluice/events/commit.ts"
import type { EventLog, StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import { firstLineOf } from "@sluice/infra/process/error-text.ts"
import { readQuickly } from "./read-quickly.ts"
import { ReplayFailed } from "./replay-failed.ts"

/** A commit with its place in the stream. */
export interface StoredCommit {
  readonly commit: Commit
  readonly sequence: number
}

/** Reads one stored commit. Fails: throws `ReplayFailed`, which names the commit. Source: L11. */
export const readCommit = (message: StoredMessage): StoredCommit => {
  try {
    return { commit: readQuickly(message.body), sequence: message.sequence }
  } catch (error) {
    const reason = firstLineOf(error)
    throw new ReplayFailed({
      message: `commit ${message.id} of ${message.subject} (sequence ${message.sequence}) cannot be read: ${reason}`,
    })
  }
}

/** Returns the first commit of a subject behind a sequence. */
export const firstAfter = async (
  log: EventLog,
  subject: string,
  afterSequence: number,
): Promise<StoredCommit | undefined> => {
  for await (const message of log.read({ subject, afterSequence })) return readCommit(message)
  return undefined
}

/** Returns the commit at a sequence, if it is one of the subject. */
export const commitAt = async (
  log: EventLog,
  subject: string,
  sequence: number,
): Promise<StoredCommit | undefined> => {
  for await (const message of log.read({ subject, afterSequence: sequence - 1, untilSequence: sequence }))
    return readCommit(message)
  return undefined
}
