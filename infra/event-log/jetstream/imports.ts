import { JetStreamApiCodes, jetstreamManager, StorageType } from "@nats-io/jetstream"
import { Kvm } from "@nats-io/kv"
import { asking } from "../unavailable.ts"
import { connectToLog } from "./connection.ts"
import { importBucket } from "./server-names.ts"
import { isApiError } from "./stream.ts"

const key = "archive"

/** Says in the log's own server that an import is under way: what is imported halfway is nothing to work on. */
export interface Imports {
  /** Returns the name of the archive whose import was begun and not finished. */
  unfinished(): Promise<string | undefined>
  begin(archive: string): Promise<void>
  finish(): Promise<void>
  close(): Promise<void>
}

/** Opens the note of imports. Fails: rejects with `LogUnavailable`. */
export const openImports = async (url: string): Promise<Imports> => {
  const connection = await connectToLog(url, "sluice import")
  const manager = await jetstreamManager(connection.nats)
  const kvm = new Kvm(manager.jetstream())
  const isThere = async (): Promise<boolean> => {
    try {
      await manager.streams.info(`KV_${importBucket}`)
      return true
    } catch (error) {
      if (isApiError(error, JetStreamApiCodes.StreamNotFound)) return false
      throw error
    }
  }
  return {
    unfinished: () =>
      asking("reading the note of imports", async () => {
        if (!(await isThere())) return undefined
        return (await (await kvm.open(importBucket)).get(key))?.string() ?? ""
      }),
    begin: (archive) =>
      asking("noting the import", async () => {
        const bucket = await kvm.create(importBucket, { history: 1, storage: StorageType.File })
        await bucket.put(key, archive)
      }),
    finish: () =>
      asking("ending the note of the import", async () => {
        if (await isThere()) await manager.streams.delete(`KV_${importBucket}`)
      }),
    close: () => connection.close(),
  }
}

/** True if an import into a log was begun and not finished: nobody may work on such a log. Fails: rejects with `LogUnavailable`. */
export const isHalfImported = async (url: string): Promise<boolean> => {
  const imports = await openImports(url)
  try {
    return (await imports.unfinished()) !== undefined
  } finally {
    await imports.close()
  }
}
