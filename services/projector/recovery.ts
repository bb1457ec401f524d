import type { Claim, LostTails, Progress } from "@sluice/infra/clickhouse/claims.ts"
import { databaseId } from "@sluice/infra/clickhouse/database-id.ts"
import { readMeta, writeMeta } from "@sluice/infra/clickhouse/meta.ts"
import { blocksSince } from "@sluice/infra/clickhouse/seen-tails.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { type ReadMessage, stillHolds } from "@sluice/infra/event-log/still-holds.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { addTo, closeBlock, openBlock, projectMessage, type Block } from "./block.ts"
import { hasRowsAfter, removeRowsAfter } from "./kept-rows.ts"
import { firstShortClaim } from "./short-claims.ts"
import { copyAside, turnTo } from "./tables-aside.ts"
import { insertBlock, type WriterParts } from "./tables-writer.ts"

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
  /** The id of the message there; `null` where it is not known. */
  readonly writtenId: string | null
}

/** What is stored of the tables: in the claims, and beside the tables themselves. */
interface Found {
  /** Absent where nothing was claimed, or in another database. */
  readonly progress: Progress | undefined
  /** Counts on over all databases. */
  readonly nextBlock: number
  readonly revision: number
  readonly database: string
  readonly identity: string
  /** The log that the tables are made from; absent where that is not known. */
  readonly source: string | undefined
}

/**
 * Brings the tables to the end of the last claimed block, whatever they hold.
 *
 * The last claimed block is written again, whole. Where the log has parted from the tables, they go back to the last block that it still holds; where none is left,
 * or the claims are of another database, they are made anew but for what was purged from the log; where they are made from another log, they are kept aside and others made.
 * Where they hold fewer rows than a block was claimed to have, they are made again from there on: ClickHouse does not fsync.
 * Fails: rejects with `LogUnavailable`, with `ClaimLost`, and with ClickHouse's errors.
 * Source: P2, P5.
 */
export const recover = async (parts: RecoveryParts): Promise<Recovered> => {
  const { clickHouse, logger } = parts
  const found = await look(parts)
  const { source, identity } = found
  const progress = found.progress && { ...found.progress, log: identity }
  const isOfAnother = source !== undefined ? source !== identity : progress === undefined
  if (isOfAnother && (await turnTo(parts, { source, identity }))) return recover(parts)
  if (progress === undefined) {
    // In a new installation there is nothing to tell.
    if (found.nextBlock > 0)
      logger.warn(
        { database: found.database },
        "nothing is claimed in this ClickHouse database: rebuilding it from the log",
      )
    return makeAnew(parts, found)
  }
  if (source === undefined) await adopt(parts, found)
  const { newest: standing, lost } = await findStanding(parts, progress)
  if (standing === "none") {
    await copyAside(parts, { identity, sequence: progress.claim?.last ?? progress.finished })
    return makeAnew(parts, { ...found, progress: { ...progress, lost: { ...progress.lost, ...lost } } })
  }
  if (progress.claim === null || standing === null)
    return { ...found, progress, written: progress.finished, writtenId: standing?.lastId ?? null }
  if (standing.block !== progress.claim.block || (await hasRowsAfter(parts, standing.last))) {
    logger.error(
      { sequence: standing.last, lost },
      "the tables hold what the log does not: projecting again from here",
    )
    return goBackTo(parts, {
      ...found,
      progress: { ...progress, lost: { ...progress.lost, ...lost } },
      claim: standing,
    })
  }
  const block = await readBlock(parts.log, standing)
  if (block !== undefined)
    await insertBlock(clickHouse, block, { claim: standing, repairs: progress.repairs })
  const short = await firstShortClaim(clickHouse, [...(await checkable(parts, progress)), standing])
  if (short !== undefined) {
    logger.error({ sequence: short.first }, "ClickHouse lost rows: projecting again from here")
    return writeAgainFrom(parts, { ...found, progress, sequence: short.first - 1 })
  }
  await parts.claims.remember(standing)
  return { ...found, progress, written: standing.last, writtenId: standing.lastId }
}

const look = async ({ claims, clickHouse, log }: RecoveryParts): Promise<Found> => {
  const { progress, revision } = await claims.read()
  const database = await databaseId(clickHouse)
  return {
    progress: progress?.database === database ? progress : undefined,
    nextBlock: progress?.nextBlock ?? 0,
    revision,
    database,
    identity: await log.identity(),
    source: await readMeta(clickHouse, "log"),
  }
}

/** Tables that agree with the claims are made from the log beside which these are kept. */
const adopt = async ({ clickHouse }: RecoveryParts, { progress, identity }: Found): Promise<void> => {
  await writeMeta(clickHouse, "repairs", `${progress?.repairs ?? 0}`)
  await writeMeta(clickHouse, "log", identity)
}

/** What of the blocks that were written the log still holds. */
interface Standing {
  /** The last one before which, and of which, nothing is lost: `"none"` where there is none, `null` where there is none to look for. */
  readonly newest: Claim | "none" | null
  /** What was seen last of the subjects of which something is lost. */
  readonly lost: LostTails
}

/** Finds what the log still holds. After a return that left the tables as they are, only what was written before it counts. */
const findStanding = async ({ claims, log }: RecoveryParts, progress: Progress): Promise<Standing> => {
  const remembered = await claims.remembered()
  const { claim, finished } = progress
  if (claim !== null) return standingOf(log, blocksSince(progress, remembered))
  if (finished === 0) return { newest: null, lost: {} }
  const before = remembered.toSorted((a, b) => a.block - b.block).findLast(({ last }) => last === finished)
  if (before !== undefined) return standingOf(log, [before])
  return { newest: (await log.head()) < finished ? "none" : null, lost: {} }
}

/** Goes back from the newest block, with each subject as far as the log does not hold what was read of it. */
const standingOf = async (log: EventLog, blocks: ReadonlyArray<Claim>): Promise<Standing> => {
  const head = await log.head()
  const held = new Set<string>()
  const lost: Record<string, LostTails[string]> = {}
  let firstLost = blocks.length
  for (const [at, block] of [...blocks.entries()].toReversed())
    for (const read of readOf(block)) {
      const { subject = "", sequence, id } = read
      if (held.has(subject)) continue
      if (await stillHolds(log, read)) {
        held.add(subject)
        continue
      }
      firstLost = at
      if (subject !== "") lost[subject] ??= { sequence, id, head }
    }
  return { newest: blocks[firstLost - 1] ?? "none", lost }
}

/** What was read last of each subject in a block; of one that was claimed by code that did not note it, only the last of all. */
const readOf = ({ last, lastId, tails }: Claim): ReadonlyArray<ReadMessage> =>
  tails === undefined
    ? [{ sequence: last, id: lastId }]
    : Object.entries(tails).map(([subject, tail]) => ({ ...tail, subject }))

/**
 * Returns the number of a return, that no return before it had: the claims may be older than the tables, which remember what was inserted under which number.
 */
const nextRepairs = async (
  { clickHouse }: RecoveryParts,
  progress: Progress | undefined,
): Promise<number> => {
  const last = Number((await readMeta(clickHouse, "repairs")) ?? -1)
  const repairs = Math.max(last, progress?.repairs ?? -1) + 1
  await writeMeta(clickHouse, "repairs", `${repairs}`)
  return repairs
}

const makeAnew = async (parts: RecoveryParts, found: Found): Promise<Recovered> => {
  const { clickHouse, claims } = parts
  const { revision, database, identity, source, nextBlock } = found
  const repairs = await nextRepairs(parts, found.progress)
  // Tables of no log are empty.
  if (source === identity) await removeRowsAfter(parts, 0)
  else await writeMeta(clickHouse, "log", identity)
  const progress: Progress = {
    database,
    repairs,
    nextBlock,
    checkFrom: nextBlock,
    finished: 0,
    claim: null,
    log: identity,
    lost: found.progress?.lost ?? {},
  }
  return { progress, revision: await claims.write(progress, revision), written: 0, writtenId: null }
}

/** It is claimed first, so that of two projectors only one takes rows away. */
const goBackTo = async (
  parts: RecoveryParts,
  { progress, revision, claim }: { progress: Progress; revision: number; claim: Claim },
): Promise<Recovered> => {
  const repairs = await nextRepairs(parts, progress)
  const { block, first, last } = claim
  await parts.claims.write(
    { ...progress, repairs, nextBlock: block + 1, finished: first - 1, claim },
    revision,
  )
  await removeRowsAfter(parts, last)
  return recover(parts)
}

const writeAgainFrom = async (
  parts: RecoveryParts,
  from: { progress: Progress; revision: number; sequence: number },
): Promise<Recovered> => {
  const progress: Progress = {
    ...from.progress,
    repairs: await nextRepairs(parts, from.progress),
    checkFrom: from.progress.nextBlock,
    finished: from.sequence,
    claim: null,
  }
  const revision = await parts.claims.write(progress, from.revision)
  return { progress, revision, written: from.sequence, writtenId: null }
}

const readBlock = async (log: EventLog, { first, last }: Claim): Promise<Block | undefined> => {
  const block = openBlock()
  for await (const message of log.read({ afterSequence: first - 1, untilSequence: last }))
    addTo(block, projectMessage(message))
  return block.first === undefined ? undefined : closeBlock(block)
}

/** The blocks before the last claimed one that are remembered and finished. */
const checkable = async ({ claims }: RecoveryParts, progress: Progress): Promise<ReadonlyArray<Claim>> =>
  (await claims.remembered())
    .filter(({ block }) => block >= progress.checkFrom && block < progress.nextBlock - 1)
    .toSorted((a, b) => a.first - b.first)
