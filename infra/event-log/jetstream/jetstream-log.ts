import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream"
import { systemClock } from "../../clock/clock.ts"
import type { EventLog } from "../event-log.ts"
import { asking } from "../unavailable.ts"
import { createAppend } from "./append.ts"
import { connectToLog, type LogConnection } from "./connection.ts"
import { bytesOf, purge } from "./purge.ts"
import { deliver, headOf } from "./read.ts"
import { everySubject, streamName } from "./server-names.ts"
import { openSnapshots, type SnapshotTooLarge } from "./snapshots.ts"
import { ensureStream, lastMessage, messageAt, type Replicas } from "./stream.ts"

/** How a log in JetStream is opened. */
export interface JetStreamLogOptions {
  /** One server or several, separated by commas; a user and password may stand in it. */
  readonly url: string
  /** Names the connection on the server. Default: `sluice`. */
  readonly name?: string
  /** Absent: what is there stays as it is, and what is missing is made with one. Source: L5. */
  readonly replicas?: Replicas
  /** True if a stream that is there stays as it is, for whoever may not change it. Default: it is set right. Source: L5. */
  readonly leavesAsFound?: boolean
  /** How long an acknowledgement may take. Default: 500. Source: L9. */
  readonly appendTimeoutMs?: number
  /** How long every other question to the server may take. Default: 2 000. */
  readonly requestTimeoutMs?: number
  /** Hears of snapshots that were not stored. */
  readonly onSnapshotTooLarge?: (notice: SnapshotTooLarge) => void
}

/**
 * Opens the log in JetStream: the stream `SLUICE_LOG` and the bucket `SLUICE_SNAPSHOTS`, made where they are missing.
 *
 * A lost connection is made again for ever.
 * Fails: rejects with `LogUnavailable`, which names the server, where there is none or it keeps no streams.
 * Source: L5–L9, L11.
 */
export const openJetStreamLog = async (options: JetStreamLogOptions): Promise<EventLog> => {
  const connection = await connectToLog(options.url, options.name ?? "sluice")
  try {
    return await asking(`opening the log at ${connection.shown}`, () => openOn(connection, options))
  } catch (error) {
    await connection.close()
    throw error
  }
}

const openOn = async (connection: LogConnection, options: JetStreamLogOptions): Promise<EventLog> => {
  const { replicas, leavesAsFound = false, appendTimeoutMs = 500, requestTimeoutMs = 2_000 } = options
  const manager = await jetstreamManager(connection.nats, { timeout: requestTimeoutMs })
  await ensureStream(manager, { replicas, leavesAsFound })
  const snapshots = await openSnapshots({
    connection,
    manager,
    replicas,
    logMadeMs: Date.parse(await createdAt(connection, manager)),
    onTooLarge: options.onSnapshotTooLarge ?? (() => undefined),
  })
  const source = { connection, manager }
  const last: EventLog["last"] = (subject) =>
    asking(`reading the last commit of ${subject}`, () => {
      connection.requireConnected()
      return lastMessage(manager, subject)
    })
  return {
    ...snapshots,
    // A stream that is restored keeps the time of its creation, one that is made anew has another.
    identity: () => asking("reading the identity of the log", () => createdAt(connection, manager)),
    append: createAppend({ connection, clock: systemClock, timeoutMs: appendTimeoutMs, last }),
    bodyBytesMax: () => connection.bodyBytesMax(),
    last,
    at: (sequence) =>
      asking(`reading the commit at ${sequence}`, () => {
        connection.requireConnected()
        return messageAt(manager, sequence)
      }),
    subjects: () => asking("listing the subjects", () => subjectsOf(connection, manager)),
    head: () => asking("reading the head of the log", () => headOf(source)),
    read: (range) => deliver(source, range),
    follow: (range) => deliver(source, range),
    purge: (range) => asking(`purging ${range.subject}`, () => purge(source, range)),
    bytes: () => asking("reading the size of the log", () => bytesOf(source)),
    isConnected: () => connection.isConnected(),
    close: () => connection.close(),
  }
}

const createdAt = async (connection: LogConnection, manager: JetStreamManager): Promise<string> => {
  connection.requireConnected()
  return (await manager.streams.info(streamName)).created
}

const subjectsOf = async (connection: LogConnection, manager: JetStreamManager): Promise<Array<string>> => {
  connection.requireConnected()
  const { state } = await manager.streams.info(streamName, { subjects_filter: everySubject })
  return Object.keys(state.subjects ?? {})
}
