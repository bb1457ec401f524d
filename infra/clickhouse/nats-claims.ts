import { JetStreamApiCodes, jetstreamManager, StorageType } from "@nats-io/jetstream"
import { Kvm, type KV, type KvEntry } from "@nats-io/kv"
import { Schema } from "effect"
import { connectToLog, type LogConnection } from "../event-log/jetstream/connection.ts"
import { progressBucket } from "../event-log/jetstream/server-names.ts"
import { isApiError, type Replicas } from "../event-log/jetstream/stream.ts"
import { asking } from "../event-log/unavailable.ts"
import { Claim, ClaimLost, Progress, rememberedBlocks, type Claims } from "./claims.ts"

const progressKey = "progress"
const blockKey = (block: number): string => `block.${block % rememberedBlocks}`

const decodeProgress = Schema.decodeUnknownSync(Schema.fromJsonString(Progress))
const decodeClaim = Schema.decodeUnknownSync(Schema.fromJsonString(Claim))

const isWrongRevision = (error: unknown): boolean =>
  isApiError(
    error,
    JetStreamApiCodes.StreamWrongLastSequence,
    JetStreamApiCodes.StreamWrongLastSequenceUnknown,
  )

/**
 * Keeps claims in the NATS bucket `SLUICE_PROJECTOR`, made where it is missing.
 *
 * Fails: rejects with `LogUnavailable` where the server does not answer.
 * Source: P2.
 */
export const openNatsClaims = async (options: { url: string; replicas?: Replicas }): Promise<Claims> => {
  const connection = await connectToLog(options.url, "sluice-projector-claims")
  try {
    const bucket = await asking("opening the projector's claims", () =>
      openBucket(connection, options.replicas),
    )
    return claimsIn(connection, bucket)
  } catch (error) {
    await connection.close()
    throw error
  }
}

/**
 * Returns the sequence up to which the tables hold everything for good: the end of the last block before the one that a restart would write again (0 = nothing).
 *
 * Fails: rejects with `LogUnavailable`.
 * Source: L5, P2.
 */
export const finishedSequence = async (url: string): Promise<number> => {
  const claims = await openNatsClaims({ url })
  try {
    return (await claims.read()).progress?.finished ?? 0
  } finally {
    await claims.close()
  }
}

const openBucket = async (connection: LogConnection, replicas: Replicas | undefined): Promise<KV> => {
  const manager = await jetstreamManager(connection.nats)
  return new Kvm(manager.jetstream()).create(progressBucket, {
    history: 1,
    replicas: replicas ?? 1,
    storage: StorageType.File,
    allow_direct: false,
  })
}

const claimsIn = (connection: LogConnection, bucket: KV): Claims => {
  const ask = <A>(doing: string, question: () => Promise<A>): Promise<A> =>
    asking(doing, () => {
      connection.requireConnected()
      return question()
    })
  return {
    read: () =>
      ask("reading the projector's progress", async () => {
        const entry = await bucket.get(progressKey)
        const progress = entry?.operation === "PUT" ? decodeProgress(entry.string()) : undefined
        return { progress, revision: entry?.revision ?? 0 }
      }),
    write: async (progress, revision) => {
      const stored = await ask("claiming a block", async () => {
        try {
          return await bucket.put(progressKey, JSON.stringify(progress), { previousSeq: revision })
        } catch (error) {
          if (isWrongRevision(error)) return undefined
          throw error
        }
      })
      if (stored === undefined) throw new ClaimLost({ revision })
      return stored
    },
    remember: (claim) =>
      ask("remembering a block", async () => {
        await bucket.put(blockKey(claim.block), JSON.stringify(claim))
      }),
    remembered: () => ask("reading the last blocks", () => remembered(bucket)),
    close: () => connection.close(),
  }
}

const remembered = async (bucket: KV): Promise<ReadonlyArray<Claim>> => {
  const claims: Array<Claim> = []
  const watch = await bucket.history({ key: "block.>" })
  for await (const entry of watch as AsyncIterable<KvEntry>)
    if (entry.operation === "PUT") claims.push(decodeClaim(entry.string()))
  return claims
}
