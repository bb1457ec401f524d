import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StoredMsg,
  type StreamConfig,
} from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import { LogUnavailable, type StoredMessage } from "../event-log.ts"
import { everySubject, streamName } from "./server-names.ts"

/** How many servers keep a copy: 1 embedded, 3 clustered. Source: L5. */
export type Replicas = 1 | 3

/** The header that holds the commit id. */
export const messageIdHeader = "Nats-Msg-Id"

/** The fence keeps commits apart; the server's own search for duplicates only costs it memory, so its window is short. */
const duplicateWindowMs = 1_000

/** Retention is ours: NATS drops nothing by age or size, which would take an idle channel's tail and with it the fence. Source: L5. */
const required = {
  subjects: [everySubject],
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.New,
  max_age: 0,
  max_bytes: -1,
  max_msgs: -1,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  duplicate_window: nanos(duplicateWindowMs),
} satisfies Partial<StreamConfig>

const isAsRequired = (config: StreamConfig, replicas: Replicas | undefined): boolean =>
  (replicas === undefined || config.num_replicas === replicas) &&
  Object.entries(required).every(
    ([key, value]) => JSON.stringify(Reflect.get(config, key)) === JSON.stringify(value),
  )

/** Tells an error of the JetStream API by its code. */
export const isApiError = (error: unknown, ...codes: ReadonlyArray<number>): boolean =>
  error instanceof JetStreamApiError && codes.includes(error.code)

/**
 * Creates the stream of the log, or sets the limits of one that is there to what the log needs, unless it is to be left as it is.
 *
 * Without `replicas` a stream that is there keeps its number, and a new one has one.
 * Fails: rejects with `LogUnavailable` where the stream keeps its messages in memory, and with the client's errors.
 * Source: L5.
 */
export const ensureStream = async (
  manager: JetStreamManager,
  { replicas, leavesAsFound }: { readonly replicas: Replicas | undefined; readonly leavesAsFound: boolean },
): Promise<void> => {
  const found = await manager.streams.info(streamName).catch((error: unknown) => {
    if (isApiError(error, JetStreamApiCodes.StreamNotFound)) return undefined
    throw error
  })
  if (found === undefined) {
    await manager.streams.add({
      ...required,
      name: streamName,
      storage: StorageType.File,
      num_replicas: replicas ?? 1,
    })
    return
  }
  if (found.config.storage !== StorageType.File) {
    throw new LogUnavailable({ reason: `stream ${streamName} keeps its messages in memory, not in files` })
  }
  if (leavesAsFound || isAsRequired(found.config, replicas)) return
  await manager.streams.update(streamName, {
    ...required,
    ...(replicas === undefined ? {} : { num_replicas: replicas }),
  })
}

/** Returns the last message of a subject as the stream's leader has it; a direct get could answer from a replica that is behind. Source: L8. */
export const lastMessage = async (
  manager: JetStreamManager,
  subject: string,
): Promise<StoredMessage | undefined> =>
  toStored(await manager.streams.getMessage(streamName, { last_by_subj: subject }))

/** Returns the message at a sequence as the stream's leader has it. Source: L8. */
export const messageAt = async (
  manager: JetStreamManager,
  sequence: number,
): Promise<StoredMessage | undefined> =>
  toStored(await manager.streams.getMessage(streamName, { seq: sequence }))

const toStored = (found: StoredMsg | null): StoredMessage | undefined =>
  found === null
    ? undefined
    : {
        subject: found.subject,
        sequence: found.seq,
        id: found.header.get(messageIdHeader),
        body: found.string(),
      }
