import { randomUUID } from "node:crypto"
import { databaseName, type ClickHouse } from "./clickhouse.ts"

/** What is known of the tables themselves: the id of their database, the log that they are made from, and how often they went back to an earlier place of it. */
export type MetaKey = "database" | "log" | "repairs"

/** Reads what is kept beside the tables. Source: P2. */
export const readMeta = async (clickHouse: ClickHouse, key: MetaKey): Promise<string | undefined> => {
  const [found] = await clickHouse.query<{ value: string }>(
    `SELECT value FROM ${databaseName}.meta FINAL WHERE key = {key: String}`,
    { key },
  )
  return found?.value
}

/** Keeps something beside the tables, in the place of what was there. Source: P2. */
export const writeMeta = (clickHouse: ClickHouse, key: MetaKey, value: string): Promise<void> =>
  clickHouse.insert({
    table: "meta",
    columns: ["key", "value"],
    rows: JSON.stringify([key, value]),
    // The same value may come back after another one.
    token: `meta:${randomUUID()}`,
  })
