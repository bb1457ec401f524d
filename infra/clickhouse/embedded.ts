import { mkdir, open } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { ClickHouseClient, ClickHouseClientConfigOptions } from "@clickhouse/client"
import { lockDirectory } from "../directory-lock/directory-lock.ts"
import type { Engine, InsertStatement } from "./engine.ts"
import { ClickHouseUnavailable } from "./unavailable.ts"

/** The directory that this process holds, and how many connections to it are open. */
interface Held {
  readonly lock: Disposable
  connections: number
}

const held = new Map<string, Held>()

/** The engine has a lock of its own, but complains on stderr and does not say who holds it. */
const enter = (directory: string): Held => {
  const entered = held.get(directory) ?? { lock: lockDirectory(directory, "engine-lock"), connections: 0 }
  entered.connections++
  held.set(directory, entered)
  return entered
}

const leave = async (directory: string, entered: Held): Promise<void> => {
  // What still runs on a connection that was closed keeps the directory.
  const { drainPending } = await import("chdb")
  await drainPending()
  entered.connections--
  if (entered.connections > 0) return
  held.delete(directory)
  entered.lock[Symbol.dispose]()
}

/**
 * Opens a connection to the engine in this process.
 *
 * One process has one directory at a time, and a directory one process; its connections share the engine.
 * Fails: rejects with `DirectoryInUse` where another process holds the directory, and with `ClickHouseUnavailable`.
 * Source: P1; chdb 3.4.0.
 */
export const openEmbedded = async (path: string): Promise<Engine> => {
  const directory = resolve(path)
  const entered = enter(directory)
  try {
    const [{ createClient }, { createChdbConnection }] = await Promise.all([
      import("@clickhouse/client"),
      import("chdb/connection"),
    ])
    // The client and the engine each declare the same interface, in copies that TypeScript tells apart.
    const connection: unknown = createChdbConnection({ path: directory })
    const client = createClient({ connection } as ClickHouseClientConfigOptions)
    const close = async (): Promise<void> => {
      await client.close()
      await leave(directory, entered)
    }
    return { client, insert: await insertThroughFiles(client, directory), close }
  } catch (error) {
    await leave(directory, entered)
    throw new ClickHouseUnavailable({ reason: `cannot open ClickHouse in ${directory}: ${String(error)}` })
  }
}

/**
 * Inserts rows through a file a table, one insert after the other.
 *
 * The engine splits the whole text of a statement into words before it looks for the rows in it, which made a third of the work of an insert.
 */
const insertThroughFiles = async (client: ClickHouseClient, directory: string): Promise<Engine["insert"]> => {
  const folder = join(directory, "incoming")
  await mkdir(folder, { recursive: true })
  const last = new Map<string, Promise<unknown>>()
  const insert = async ({ table, into, as, rows }: InsertStatement): Promise<void> => {
    const file = join(folder, `${table}.rows`)
    await writePieces(file, rows)
    await client.command({ query: `${into} FROM INFILE ${quoted(file)} ${as}` })
  }
  return (statement) => {
    const inserted = Promise.allSettled([last.get(statement.table)]).then(() => insert(statement))
    last.set(statement.table, inserted)
    return inserted
  }
}

/** Fails: rejects where not everything could be written. */
const writePieces = async (path: string, pieces: ReadonlyArray<Uint8Array>): Promise<void> => {
  await using file = await open(path, "w")
  const { bytesWritten } = await file.writev(pieces)
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
  if (bytesWritten !== bytes) throw new Error(`only ${bytesWritten} of ${bytes} bytes fit into ${path}`)
}

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
