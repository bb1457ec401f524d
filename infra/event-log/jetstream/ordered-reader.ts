import type { Consumer, ConsumerMessages, JetStreamManager } from "@nats-io/jetstream"
import type { LogConnection } from "./connection.ts"
import { type GatheredMessages, gatherMessages } from "./gathered-messages.ts"
import { streamName } from "./server-names.ts"

/** Where readers read from. */
export interface LogSource {
  readonly connection: LogConnection
  readonly manager: JetStreamManager
}

/**
 * One ordered consumer and its messages.
 *
 * It numbers what is delivered, and asks again behind the last good message after a gap, a lost connection or a restart of the server.
 */
export interface OrderedReader {
  readonly messages: ConsumerMessages | GatheredMessages
  /** How many messages there were to be read when it began. */
  readonly waiting: number
  close(): void
}

/** What is asked for ahead of the reader: less where commits are large, so that they do not fill the memory. */
const aheadBytes = 16 * 1024 * 1024
const mostAhead = 2_000
const leastAhead = 64
/** A pull lives this long, which is also the pause between two looks for a consumer that a restart may have taken. */
const pullExpiresMs = 2_000
/** An idle server is heard of this often; after two silences the client pulls again. */
const heartbeatMs = 500
/** The server forgets a reader that vanished after this long. */
const forgetAfterMs = 30_000

/** A reader that leaves its messages alone for longer is opened anew: the client would go on pulling behind its back, more with every silence. */
export const longestPauseMs = 2 * heartbeatMs

/** What a reader is opened on: it ends with what there is, or follows, with `gatherMs` by what has come in so long. */
export interface ReaderRange {
  readonly subject: string | undefined
  readonly afterSequence: number
  readonly hasEnd: boolean
  readonly gatherMs: number | undefined
}

/**
 * Opens a reader behind a sequence, on one subject or on all.
 *
 * Fails: rejects with the client's errors.
 */
export const openReader = async (
  { connection, manager }: LogSource,
  range: ReaderRange,
): Promise<OrderedReader> => {
  connection.requireConnected()
  const { state } = await manager.streams.info(streamName)
  const meanBytes = Math.max(1, state.bytes / Math.max(1, state.messages))
  const ahead = Math.min(mostAhead, Math.max(leastAhead, Math.floor(aheadBytes / meanBytes)))
  const consumer = await manager.jetstream().consumers.get(streamName, {
    opt_start_seq: range.afterSequence + 1,
    inactive_threshold: forgetAfterMs,
    ...(range.subject === undefined ? {} : { filter_subjects: range.subject }),
  })
  const { num_pending: waiting } = await consumer.info(true)
  const pull = { max_messages: ahead, expires: pullExpiresMs, idle_heartbeat: heartbeatMs }
  const messages = await open(consumer, pull, range)
  return {
    messages,
    waiting,
    close: () => {
      messages.stop()
      if (connection.isConnected()) forget(consumer)
    },
  }
}

const open = async (
  consumer: Consumer,
  pull: Parameters<typeof gatherMessages>[1]["pull"],
  { gatherMs, hasEnd }: ReaderRange,
): Promise<OrderedReader["messages"]> => {
  if (gatherMs !== undefined) return gatherMessages(consumer, { pull, gatherMs })
  const messages = await consumer.consume(pull)
  if (hasEnd) void stopWhenDrained(consumer, messages)
  return messages
}

const forget = (consumer: Consumer): void => {
  // Best effort: the server forgets it by itself after a while.
  consumer.delete().catch(() => undefined)
}

/**
 * Ends a reader that waits for messages which were purged after it began.
 *
 * The server only sends heartbeats while it has nothing to deliver, so the check costs a busy reader nothing; what was delivered already is still read.
 */
const stopWhenDrained = async (consumer: Consumer, messages: ConsumerMessages): Promise<void> => {
  const isDrained = async () => (await consumer.info()).num_pending === 0
  for await (const status of messages.status()) {
    if (status.type !== "heartbeat") continue
    // A server that does not answer is no reason to stop: the reader goes on when it is back.
    if (await isDrained().catch(() => false)) messages.stop()
  }
}
