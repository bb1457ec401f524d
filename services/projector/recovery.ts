import type { Claim, Progress } from "@sluice/infra/clickhouse/claims.ts"
import { databaseName, type ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { databaseId } from "@sluice/infra/clickhouse/database-id.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { addTo, closeBlock, openBlock, projectMessage, type Block } from "./block.ts"
import { insertBlock, type WriterParts } from "./tables-writer.ts"
import { projectedTables } from "./tables/projections.ts"

/** What is needed to find out where to go on. */
export interface RecoveryParts extends WriterParts {
  readonly log: EventLog
  readonly logger: Logger
}

/** Where to go on, as it is stored. */
export interface Recovered {
  readonly progress: Progress
  readonly revision: number
  /** The sequence up to which everything is in the tables. */
  readonly written: number
}

/**
 * Brings the tables to the end of the last claimed block, whatever they hold.
 *
 * The last claimed block is written again, whole. The tables are made anew where they belong to another database or to another log, and from a block on where
 * they hold fewer rows than it was claimed to have: ClickHouse does not fsync.
 * Source: P2.
 */
export const recover = async (parts: RecoveryParts): Promise<Recovered> => {
  const { claims, clickHouse, log, logger } = parts
  const { progress, revision } = await claims.read()
  const database = await databaseId(clickHouse)
  if (progress?.database !== database) {
    if (progress !== undefined)
      logger.warn({ database }, "another ClickHouse database: rebuilding it from the log")
    return rebuild(parts, { progress, revision, database })
  }
  const { claim } = progress
  if (claim === null) return { progress, revision, written: progress.finished }
  const block = await readBlock(log, claim)
  const isOther = block?.last === claim.last && block.lastId !== claim.lastId
  if (isOther || (await log.head()) < claim.last) {
    logger.error({ sequence: claim.last }, "the log is not the one that was projected: rebuilding the tables")
    return rebuild(parts, { progress, revision, database })
  }
  const short = await firstShortClaim(clickHouse, await checkable(parts, progress))
  if (short !== undefined) {
    logger.error({ sequence: short.first }, "ClickHouse lost rows: projecting again from here")
    return goBackTo(parts, { progress, revision, sequence: short.first - 1 })
  }
  if (block !== undefined) await insertBlock(clickHouse, block, { claim, repairs: progress.repairs })
  await claims.remember(claim)
  return { progress, revision, written: claim.last }
}

const rebuild = async (
  parts: RecoveryParts,
  from: { progress: Progress | undefined; revision: number; database: string },
): Promise<Recovered> => {
  for (const table of projectedTables)
    await parts.clickHouse.command(`TRUNCATE TABLE ${databaseName}.${table}`)
  const { progress, revision, database } = from
  const blank = { database, repairs: -1, nextBlock: 0, checkFrom: 0, finished: 0, claim: null }
  return goBackTo(parts, { progress: { ...blank, ...progress, database }, revision, sequence: 0 })
}

const goBackTo = async (
  { claims }: RecoveryParts,
  from: { progress: Progress; revision: number; sequence: number },
): Promise<Recovered> => {
  const progress: Progress = {
    ...from.progress,
    repairs: from.progress.repairs + 1,
    checkFrom: from.progress.nextBlock,
    finished: from.sequence,
    claim: null,
  }
  return { progress, revision: await claims.write(progress, from.revision), written: from.sequence }
}

const readBlock = async (log: EventLog, { first, last }: Claim): Promise<Block | undefined> => {
  const block = openBlock()
  for await (const message of log.read({ afterSequence: first - 1, untilSequence: last }))
    addTo(block, projectMessage(message))
  return block.messages.length === 0 ? undefined : closeBlock(block)
}

/** The blocks that are remembered and finished: the last claimed one is written again anyway. */
const checkable = async ({ claims }: RecoveryParts, progress: Progress): Promise<ReadonlyArray<Claim>> =>
  (await claims.remembered())
    .filter(({ block }) => block >= progress.checkFrom && block < progress.nextBlock - 1)
    .toSorted((a, b) => a.first - b.first)

/** Finds the first block of which a table holds fewer rows than were claimed. Source: P2. */
export const firstShortClaim = async (
  clickHouse: ClickHouse,
  claims: ReadonlyArray<Claim>,
): Promise<Claim | undefined> => {
  if (claims.length === 0) return undefined
  const counts = await Promise.all(projectedTables.map((table) => countRows(clickHouse, table, claims)))
  return claims.find(({ first, rows }) =>
    projectedTables.some((table, place) => (counts[place]?.get(first) ?? 0) < (rows[table] ?? 0)),
  )
}

const countRows = async (
  clickHouse: ClickHouse,
  table: string,
  claims: ReadonlyArray<Claim>,
): Promise<Map<number, number>> => {
  const firsts = claims.map(({ first }) => first)
  const lasts = claims.map(({ last }) => last)
  const counted = await clickHouse.query<{ first: number; count: number }>(
    `SELECT roundDown(sequence, {firsts: Array(UInt64)}) AS first, count() AS count
     FROM ${databaseName}.${table} FINAL
     WHERE sequence BETWEEN {from: UInt64} AND {to: UInt64}
       AND sequence <= transform(first, {firsts: Array(UInt64)}, {lasts: Array(UInt64)}, 0)
     GROUP BY first`,
    { firsts, lasts, from: firsts[0] ?? 0, to: lasts.at(-1) ?? 0 },
  )
  return new Map(counted.map(({ first, count }) => [first, count]))
}
