import { Readable } from "node:stream"
import type { Engine } from "./engine.ts"
import { ClickHouseUnavailable } from "./unavailable.ts"

/**
 * Connects to a ClickHouse server over HTTP.
 *
 * Fails: rejects with `ClickHouseUnavailable`.
 * Source: P1.
 */
export const connectToServer = async (url: string): Promise<Engine> => {
  const { ClickHouseLogLevel, createClient } = await import("@clickhouse/client")
  // What fails is thrown; the client would also write it to the console.
  const client = createClient({ url, log: { level: ClickHouseLogLevel.OFF } })
  const answer = await client.ping({ select: true })
  if (!answer.success) {
    await client.close()
    throw new ClickHouseUnavailable({ reason: `cannot reach ClickHouse: ${answer.error.message}` })
  }
  return {
    client,
    insert: async ({ into, as, rows }) => {
      const values = Readable.from(rows, { objectMode: false })
      const { stream } = await client.exec({ query: `${into} ${as}`, values })
      stream.resume()
    },
    close: () => client.close(),
  }
}
