import type { Claims } from "@sluice/infra/clickhouse/claims.ts"
import { openClickHouse, type ClickHouseAddress } from "@sluice/infra/clickhouse/clickhouse.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { projectMessage } from "./block.ts"
import type { Lag } from "./lag.ts"
import { startProjection, type Projection } from "./projection.ts"
import { startQueryServer } from "./query-server.ts"

/** The tables following the log, and a server that answers from them. */
export interface Projector {
  readonly url: string
  /** Fails: rejects with `LogUnavailable`. Source: P4. */
  lag(): Promise<Lag>
  /** How old the oldest commit is that was read and is not yet in the tables. Units: milliseconds. */
  lateMs(): number
  /** Writes what was read, and ends; the log and the claims stay open. */
  stop(): Promise<void>
}

const unreadyBecause = (projection: Projection, log: EventLog): string | undefined => {
  if (!log.isConnected()) return "the event log cannot be reached"
  if (projection.isFollowing()) return undefined
  return projection.meter.lag(0, 0).state === "recovering"
    ? "the tables are being recovered"
    : "the projection is interrupted"
}

/** Returns the time of the first commit behind a sequence that can be read. */
const timeAfter = async (log: EventLog, afterSequence: number): Promise<number | undefined> => {
  for await (const message of log.read({ afterSequence })) {
    const { at } = projectMessage(message)
    if (at !== null) return at
  }
  return undefined
}

/**
 * Makes ClickHouse follow a log, and serves the named queries.
 *
 * Fails: rejects with `DirectoryInUse`, `ClickHouseUnavailable` and `MigrationRefused`, and where the port is taken.
 * Source: P1–P4, P6.
 */
export const startProjector = async (options: {
  log: EventLog
  claims: Claims
  clickHouse: ClickHouseAddress
  /** Default: one that is free. */
  port?: number
  /** What whoever asks has to know. Default: nothing. */
  queryKey?: string
  /** The name of the log that the operator has said to go on with. */
  adoptedLog?: string | undefined
  logger: Logger
}): Promise<Projector> => {
  const { log, claims, adoptedLog, logger } = options
  await using opened = new AsyncDisposableStack()
  const clickHouse = opened.adopt(await openClickHouse(options.clickHouse), (client) => client.close())
  await migrate(clickHouse, await readMigrations())
  // Questions have a connection of their own: they do not wait behind inserts.
  const reading = opened.adopt(await openClickHouse(options.clickHouse), (client) => client.close())
  const projection = startProjection({ log, claims, clickHouse, adoptedLog, logger })
  opened.defer(() => projection.stop())
  const lag = async (): Promise<Lag> => {
    const told = projection.meter.lag(await log.head(), Date.now())
    if (told.state === "following" || told.lagFacts === 0) return told
    // Nothing is read meanwhile, so the log is asked how old it is.
    const since = await timeAfter(log, told.projected)
    return { ...told, lagMs: since === undefined ? told.lagMs : Math.max(0, Date.now() - since) }
  }
  const server = await startQueryServer(
    {
      clickHouse: reading,
      logger,
      key: options.queryKey,
      lag,
      reached: projection.meter.reached,
      unreadyBecause: () => unreadyBecause(projection, log),
    },
    options.port ?? 0,
  )
  opened.defer(() => server.close())
  const started = opened.move()
  const lateMs = (): number => projection.meter.lag(0, Date.now()).lagMs
  return { url: server.url, lag, lateMs, stop: () => started.disposeAsync() }
}
