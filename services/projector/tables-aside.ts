import { databaseName, type ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { projectedTables } from "./tables/projections.ts"

interface AsideParts {
  readonly clickHouse: ClickHouse
  readonly logger: Logger
}

const asidePrefix = `${databaseName}_of_`

/** Returns the short name of a log, which stands in the names of databases and on the command line: the time of its making without its signs. */
export const logName = (identity: string): string => identity.replaceAll(/[^A-Za-z0-9]/gu, "")

/** Lists the databases that hold the tables of other logs. */
export const asideDatabases = async (clickHouse: ClickHouse): Promise<ReadonlyArray<string>> => {
  const found = await clickHouse.query<{ name: string }>(
    "SELECT name FROM system.databases WHERE startsWith(name, {prefix: String}) ORDER BY name",
    { prefix: asidePrefix },
  )
  return found.map(({ name }) => name)
}

/**
 * Makes the tables those of a log: what other logs told is kept aside, whole, in a database of its own, and comes back when its log does.
 *
 * Tables of which nobody knows their log, but which hold something, are kept aside too. Tells whether others are in their place. Source: P5.
 */
export const turnTo = async (
  { clickHouse, logger }: AsideParts,
  { source, identity }: { readonly source: string | undefined; readonly identity: string },
): Promise<boolean> => {
  const aside = await asideDatabases(clickHouse)
  const own = asidePrefix + logName(identity)
  if (source === undefined && !(await holdsFacts(clickHouse))) {
    if (!aside.includes(own)) return false
    await clickHouse.command(`DROP DATABASE ${databaseName} SYNC`)
  } else {
    const kept = freeName(asidePrefix + logName(source ?? "an unknown log"), aside)
    await clickHouse.command(`RENAME DATABASE ${databaseName} TO ${kept}`)
    logger.error(
      { keptIn: kept, log: logName(identity) },
      "the log is not the one that the tables are made from: they are kept aside, and this log gets tables of its own",
    )
  }
  if (aside.includes(own)) {
    await clickHouse.command(`RENAME DATABASE ${own} TO ${databaseName}`)
    logger.warn({ keptIn: own }, "the tables of this log, which were kept aside, are back")
  }
  await migrate(clickHouse, await readMigrations())
  return true
}

const holdsFacts = async (clickHouse: ClickHouse): Promise<boolean> => {
  const found = await clickHouse.query(`SELECT 1 FROM ${databaseName}.facts LIMIT 1`)
  return found.length > 0
}

const freeName = (name: string, taken: ReadonlyArray<string>): string => {
  let free = name
  for (let count = 2; taken.includes(free); count += 1) free = `${name}_${count}`
  return free
}

/**
 * Copies the tables into a database beside them, before they are made again from a log that has lost all that they were made from; the copy shares its files, so it costs next to nothing.
 *
 * Source: P5.
 */
export const copyAside = async (
  { clickHouse, logger }: AsideParts,
  { identity, sequence }: { readonly identity: string; readonly sequence: number },
): Promise<void> => {
  const name = `${asidePrefix}${logName(identity)}_until_${sequence}`
  const copy = freeName(name, await asideDatabases(clickHouse))
  await clickHouse.command(`CREATE DATABASE ${copy}`)
  for (const table of projectedTables) {
    await clickHouse.command(`CREATE TABLE ${copy}.${table} AS ${databaseName}.${table}`)
    await clickHouse.command(
      `ALTER TABLE ${copy}.${table} ATTACH PARTITION ALL FROM ${databaseName}.${table}`,
    )
  }
  logger.error(
    { keptIn: copy, log: logName(identity) },
    "the log holds no block any more that was projected: the tables are made again from it, and what they held is kept aside",
  )
}

/** Drops what is kept aside, where the operator has named the log to go on with; says what is kept where nobody has, or another one. */
export const adoptLog = async (
  { clickHouse, logger }: AsideParts,
  { adopted, identity }: { readonly adopted: string | undefined; readonly identity: string },
): Promise<void> => {
  const aside = await asideDatabases(clickHouse)
  if (aside.length === 0) return
  const log = logName(identity)
  if (adopted !== log) {
    logger.warn(
      { keptIn: aside, log },
      `tables that are not made from this log are kept in databases of their own: start with their log to have them back, or drop them with --adopt-log ${log}`,
    )
    return
  }
  for (const name of aside) await clickHouse.command(`DROP DATABASE ${name} SYNC`)
  logger.warn({ dropped: aside, log }, "tables that were kept aside are dropped")
}
