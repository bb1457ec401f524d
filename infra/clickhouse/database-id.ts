import { randomUUID } from "node:crypto"
import type { ClickHouse } from "./clickhouse.ts"
import { readMeta, writeMeta } from "./meta.ts"

/** Returns the id of the database, made when it is first asked for: one that was deleted and made anew has another. Source: P2. */
export const databaseId = async (clickHouse: ClickHouse): Promise<string> => {
  const found = await readMeta(clickHouse, "database")
  if (found !== undefined) return found
  const value = randomUUID()
  await writeMeta(clickHouse, "database", value)
  return value
}
