import type { EventLog } from "./event-log.ts"

/** A message that was read: its sequence and its id. */
export interface ReadMessage {
  readonly sequence: number
  readonly id: string
}

/**
 * Tells whether a log still holds a message that was read of it, or has purged it.
 *
 * Fails: rejects with `LogUnavailable`.
 */
export const stillHolds = async (
  log: Pick<EventLog, "at" | "head">,
  { sequence, id }: ReadMessage,
): Promise<boolean> => {
  const found = await log.at(sequence)
  return found === undefined ? (await log.head()) >= sequence : found.id === id
}
