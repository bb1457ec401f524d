import type { EventLog } from "../event-log.ts"
import type { LogSource } from "./ordered-reader.ts"
import { streamName } from "./server-names.ts"
import { lastMessage } from "./stream.ts"

/** Removes what a subject holds before a sequence; the last message stays whatever is asked for, because it is the fence. Source: L5; nats-server 2.15.1. */
export const purge = async (
  { connection, manager }: LogSource,
  { subject, beforeSequence }: Parameters<EventLog["purge"]>[0],
): Promise<number> => {
  connection.requireConnected()
  const last = await lastMessage(manager, subject)
  if (last === undefined) return 0
  const seq = Math.min(beforeSequence, last.sequence)
  return (await manager.streams.purge(streamName, { filter: subject, seq })).purged
}

/** Returns how many bytes the stream takes. */
export const bytesOf = async ({ connection, manager }: LogSource): Promise<number> => {
  connection.requireConnected()
  return (await manager.streams.info(streamName)).state.bytes
}
