import { JetStreamApiCodes, StorageType, type JetStreamManager } from "@nats-io/jetstream"
import { Kvm, type KV, type KvEntry } from "@nats-io/kv"
import { subjectPrefix } from "@sluice/events/identifier.ts"
import { Option, Schema } from "effect"
import { Snapshot, type EventLog } from "../event-log.ts"
import { asking } from "../unavailable.ts"
import type { LogConnection } from "./connection.ts"
import { snapshotBucket } from "./server-names.ts"
import { isApiError, type Replicas } from "./stream.ts"

/** A snapshot that the server would refuse for its size: it is not stored, and the next fold is longer. */
export interface SnapshotTooLarge {
  readonly subject: string
  readonly bytes: number
  readonly limitBytes: number
}

/** A writer that loses this many races leaves the place to those who won them. */
const mostTries = 4

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Snapshot))

const keyOf = (subject: string): string => subject.slice(subjectPrefix.length)

const openBucket = (manager: JetStreamManager, replicas: Replicas | undefined): Promise<KV> =>
  new Kvm(manager.jetstream()).create(snapshotBucket, {
    history: 1,
    replicas: replicas ?? 1,
    storage: StorageType.File,
    allow_direct: false,
  })

/** A snapshot of another shape is none: the state is folded instead. */
const snapshotIn = (entry: KvEntry | null, logMadeMs: number): Snapshot | undefined =>
  entry?.operation === "PUT" && entry.created.getTime() >= logMadeMs
    ? Option.getOrUndefined(decode(entry.string()))
    : undefined

/**
 * Opens the part of the log that keeps snapshots, one a subject, written by compare-and-set.
 *
 * A snapshot that is newer than the given one wins silently, and so does a writer that keeps winning the race.
 * Source: L11.
 */
export const openSnapshots = async (options: {
  connection: LogConnection
  manager: JetStreamManager
  replicas: Replicas | undefined
  /** What is older is of a stream that was there before. */
  logMadeMs: number
  onTooLarge: (notice: SnapshotTooLarge) => void
}): Promise<Pick<EventLog, "snapshot" | "saveSnapshot">> => {
  const { connection, manager, replicas, logMadeMs, onTooLarge } = options
  const bucket = await openBucket(manager, replicas)

  const get = (subject: string): Promise<KvEntry | null> =>
    asking(`reading the snapshot of ${subject}`, () => {
      connection.requireConnected()
      return bucket.get(keyOf(subject))
    })

  const isStored = (subject: string, value: string, revision: number): Promise<boolean> =>
    asking(`storing the snapshot of ${subject}`, async () => {
      try {
        await bucket.put(keyOf(subject), value, { previousSeq: revision })
        return true
      } catch (error) {
        if (isWrongRevision(error)) return false
        throw error
      }
    })

  return {
    snapshot: async (subject) => snapshotIn(await get(subject), logMadeMs),
    saveSnapshot: async (subject, snapshot) => {
      const value = JSON.stringify(snapshot)
      const bytes = Buffer.byteLength(value)
      const limitBytes = connection.bodyBytesMax()
      if (bytes > limitBytes) return onTooLarge({ subject, bytes, limitBytes })
      for (let tries = 0; tries < mostTries; tries++) {
        const there = await get(subject)
        if ((snapshotIn(there, logMadeMs)?.version ?? 0) > snapshot.version) return
        if (await isStored(subject, value, there?.revision ?? 0)) return
      }
    },
  }
}

const isWrongRevision = (error: unknown): boolean =>
  isApiError(
    error,
    JetStreamApiCodes.StreamWrongLastSequence,
    JetStreamApiCodes.StreamWrongLastSequenceUnknown,
  )
