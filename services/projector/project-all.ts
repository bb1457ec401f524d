import type { Claims } from "@sluice/infra/clickhouse/claims.ts"
import { databaseName, openClickHouse, type ClickHouseAddress } from "@sluice/infra/clickhouse/clickhouse.ts"
import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { startProjection } from "./projection.ts"
import { projectedTables } from "./tables/projections.ts"

/** What a run over a whole log did. */
export interface ProjectedAll {
  readonly facts: number
  /** Over all tables. */
  readonly rows: number
  readonly elapsedMs: number
}

/**
 * Projects everything that a log holds into an empty database, and ends.
 *
 * The time does not include opening ClickHouse and making the tables.
 */
export const projectAll = async (options: {
  log: EventLog
  clickHouse: ClickHouseAddress
  logger: Logger
  /** Default: kept in memory. */
  claims?: Claims
}): Promise<ProjectedAll> => {
  const { log, logger, claims = createMemoryClaims() } = options
  const clickHouse = await openClickHouse(options.clickHouse)
  try {
    await migrate(clickHouse, await readMigrations())
    const head = await log.head()
    const begin = performance.now()
    const projection = startProjection({ log, claims, clickHouse, logger })
    await projection.meter.reached(head, new AbortController().signal)
    const elapsedMs = performance.now() - begin
    await projection.stop()
    const counts = projectedTables.map(
      (table) => `SELECT '${table}' AS name, count() AS rows FROM ${databaseName}.${table} FINAL`,
    )
    const counted = await clickHouse.query<{ name: string; rows: number }>(counts.join(" UNION ALL "))
    return {
      facts: counted.find(({ name }) => name === "facts")?.rows ?? 0,
      rows: counted.reduce((sum, { rows }) => sum + rows, 0),
      elapsedMs,
    }
  } finally {
    await clickHouse.close()
  }
}
