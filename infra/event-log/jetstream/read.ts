import { setTimeout as pause } from "node:timers/promises"
import type { JsMsg } from "@nats-io/jetstream"
import { LogForked, LogUnavailable, type EventLog, type StoredMessage } from "../event-log.ts"
import { stillHolds, type ReadMessage } from "../still-holds.ts"
import { asking, asUnavailable } from "../unavailable.ts"
import {
  longestPauseMs,
  openReader,
  type LogSource,
  type OrderedReader,
  type ReaderRange,
} from "./ordered-reader.ts"
import { streamName } from "./server-names.ts"
import { messageAt, messageIdHeader } from "./stream.ts"

type Read = Parameters<EventLog["read"]>[0]
type Follow = Parameters<EventLog["follow"]>[0]

const reading = "reading the log"
const reopenWaitMs = 250

const idOf = (message: JsMsg): string => message.headers?.get(messageIdHeader) ?? ""

const stored = (message: JsMsg): StoredMessage => ({
  subject: message.subject,
  sequence: message.seq,
  id: idOf(message),
  body: message.string(),
})

/** Returns the last sequence of the stream (0 = empty). */
export const headOf = async ({ connection, manager }: LogSource): Promise<number> => {
  connection.requireConnected()
  return (await manager.streams.info(streamName)).state.last_seq
}

const endOf = async (source: LogSource, { untilSequence = Infinity }: Read): Promise<number> =>
  Math.min(await asking(reading, () => headOf(source)), untilSequence)

/** Opens a reader again, however long the server stays away; gives none when nobody wants it any more. */
const reopen = async (
  source: LogSource,
  range: ReaderRange,
  signal: AbortSignal | undefined,
): Promise<OrderedReader | undefined> => {
  for (;;) {
    if (signal?.aborted) return undefined
    try {
      return await openReader(source, range)
    } catch (error) {
      const unavailable = asUnavailable(error, reading)
      if (source.connection.nats.isClosed()) throw unavailable
      await pause(reopenWaitMs)
    }
  }
}

/** Makes the check of a follower: what another consumer delivers has to follow what the one before it gave. */
const createSeamCheck = (source: LogSource, { afterSequence, afterId }: Partial<Follow>) => {
  const log = {
    head: () => headOf(source),
    at: (sequence: number) => messageAt(source.manager, sequence),
    read: (part: Read) => deliver(source, part),
  }
  let given: ReadMessage | undefined =
    typeof afterId === "string" ? { sequence: afterSequence ?? 0, id: afterId } : undefined
  let consumer: string | undefined
  const requireHeld = async (last: ReadMessage): Promise<void> => {
    if (!(await stillHolds(log, last))) throw new LogForked({ sequence: last.sequence })
  }
  return {
    /** What is to be waited for before a message is given, if anything. */
    before: (message: JsMsg): Promise<void> | undefined =>
      consumer === message.info.consumer || given === undefined ? undefined : requireHeld(given),
    gave: (message: JsMsg): void => {
      consumer = message.info.consumer
      given = { subject: message.subject, sequence: message.seq, id: idOf(message) }
    },
  }
}

/**
 * Reads what the stream holds when it begins, or with a signal follows it until that aborts.
 *
 * Fails: throws `LogUnavailable` where the server does not answer at the start, or the log is closed meanwhile; a server that goes away in between is waited for. Throws `LogForked` as a follower asks for it.
 */
export async function* deliver(source: LogSource, range: Read | Follow): AsyncGenerator<StoredMessage> {
  const { subject } = range
  const signal = "signal" in range ? range.signal : undefined
  const until = "signal" in range ? Infinity : await endOf(source, range)
  let afterSequence = range.afterSequence
  const hasEnd = until < Infinity
  const gatherMs = "gatherMs" in range ? range.gatherMs : undefined
  const behind = (): ReaderRange => ({ subject, afterSequence, hasEnd, gatherMs })
  const seam = "afterId" in range ? createSeamCheck(source, range) : undefined
  if (until <= afterSequence || signal?.aborted) return
  let next: OrderedReader | undefined = await asking(reading, () => openReader(source, behind()))
  while (next !== undefined) {
    const reader = next
    const { messages, waiting } = reader
    const stop = (): void => messages.stop()
    signal?.addEventListener("abort", stop)
    try {
      if (signal?.aborted || (hasEnd && waiting === 0)) return
      for await (const message of messages) {
        if (message.seq > until || signal?.aborted) return
        // Most messages cost no promise.
        const checking = seam?.before(message)
        if (checking !== undefined) await checking
        seam?.gave(message)
        afterSequence = message.seq
        const givenAt = performance.now()
        yield stored(message)
        if (hasEnd && (message.seq === until || message.info.pending === 0)) return
        if (performance.now() - givenAt > longestPauseMs) break
      }
    } catch (error) {
      // The client gave up on its consumer; another one is opened behind what was read. A defect is thrown on.
      asUnavailable(error, reading)
      await pause(reopenWaitMs)
    } finally {
      signal?.removeEventListener("abort", stop)
      reader.close()
    }
    if (source.connection.nats.isClosed())
      throw new LogUnavailable({ reason: "the log was closed meanwhile" })
    next = await reopen(source, behind(), signal)
  }
}
