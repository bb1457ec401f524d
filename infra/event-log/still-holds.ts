import type { EventLog } from "./event-log.ts"

/** A message that was read: its sequence and its id, and its subject where that is known. */
export interface ReadMessage {
  readonly sequence: number
  readonly id: string
  readonly subject?: string
  /** Where the log ended when it was noticed that it does not hold the message any more. */
  readonly missedAt?: number
}

/**
 * True if a log still holds a message that was read of it, or has purged it.
 *
 * A server may keep its last sequence while it has lost messages: where the subject is known, what is missing is only taken for purged where all that was before it is gone too.
 * Fails: rejects with `LogUnavailable`.
 */
export const stillHolds = async (
  log: Pick<EventLog, "at" | "head" | "read">,
  { subject, sequence, id }: ReadMessage,
): Promise<boolean> => {
  const found = await log.at(sequence)
  if (found !== undefined) return found.id === id
  if ((await log.head()) < sequence) return false
  return subject === undefined || isPurged(log, { subject, sequence })
}

/**
 * True if a message of a subject that is not there was purged: a purge takes all that is before a message, and never the last one; what else is missing is lost.
 *
 * Fails: rejects with `LogUnavailable`.
 */
export const isPurged = async (
  log: Pick<EventLog, "read">,
  { subject, sequence }: { readonly subject: string; readonly sequence: number },
): Promise<boolean> => {
  for await (const first of log.read({ subject, afterSequence: 0 })) return first.sequence > sequence
  return false
}
