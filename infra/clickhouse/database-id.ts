import { randomUUID } from "node:crypto"
import { databaseName, type ClickHouse } from "./clickhouse.ts"

/** Gives the id of the database, made when it is first asked for: one that was deleted and made anew has another. Source: P2. */
export const databaseId = async (clickHouse: ClickHouse): Promise<string> => {
  const [found] = await clickHouse.query<{ value: string }>(
    `SELECT value FROM ${databaseName}.meta FINAL WHERE key = 'database'`,
  )
  if (found !== undefined) return found.value
  const value = randomUUID()
  await clickHouse.insert({
    table: "meta",
    columns: ["key", "value"],
    rows: JSON.stringify(["database", value]),
    token: `meta:${value}`,
  })
  return value
}
