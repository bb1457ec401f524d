import { resolve } from "node:path"
import type { ClickHouseClient, ClickHouseClientConfigOptions } from "@clickhouse/client"
import { lockDirectory } from "../directory-lock/directory-lock.ts"
import { ClickHouseUnavailable } from "./unavailable.ts"

/** The connections of this process to the engine over one directory. */
interface Engine {
  readonly lock: Disposable
  connections: number
}

const engines = new Map<string, Engine>()

/** The engine has a lock of its own, but complains on stderr and does not say who holds it. */
const enter = (directory: string): Engine => {
  const engine = engines.get(directory) ?? { lock: lockDirectory(directory, "engine-lock"), connections: 0 }
  engine.connections++
  engines.set(directory, engine)
  return engine
}

const leave = async (directory: string, engine: Engine): Promise<void> => {
  // What still runs on a connection that was closed keeps the directory.
  const { drainPending } = await import("chdb")
  await drainPending()
  engine.connections--
  if (engine.connections > 0) return
  engines.delete(directory)
  engine.lock[Symbol.dispose]()
}

/**
 * Opens a connection to the engine in this process.
 *
 * One process has one directory at a time, and a directory one process; its connections share the engine.
 * Fails: rejects with `DirectoryInUse` where another process holds the directory, and with `ClickHouseUnavailable`.
 * Source: P1; chdb 3.4.0.
 */
export const openEmbedded = async (
  path: string,
): Promise<{ client: ClickHouseClient; close: () => Promise<void> }> => {
  const directory = resolve(path)
  const engine = enter(directory)
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
      await leave(directory, engine)
    }
    return { client, close }
  } catch (error) {
    await leave(directory, engine)
    throw new ClickHouseUnavailable({ reason: `cannot open ClickHouse in ${directory}: ${String(error)}` })
  }
}
