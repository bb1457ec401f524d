import type { Claim, Claims, LostTails, Progress } from "@sluice/infra/clickhouse/claims.ts"
import type { ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { claimOf, type Block } from "./block.ts"

/** What a block is written with. */
export interface WriterParts {
  readonly claims: Claims
  readonly clickHouse: ClickHouse
}

/**
 * Names one block in one table, so that a second insert changes nothing.
 *
 * After a return to an earlier block the number of returns is part of it: ClickHouse would else remember a block whose rows it lost.
 * Source: P2.
 */
export const insertToken = (table: string, { first, last }: Claim, repairs: number): string =>
  `${table}:${first}-${last}${repairs === 0 ? "" : `#${repairs}`}`

/** Puts the rows of a claimed block into every table, each in one insert, one after the other: all at once they would take every processor from what serves requests. Source: P2. */
export const insertBlock = async (
  clickHouse: ClickHouse,
  { tables }: Block,
  { claim, repairs }: { claim: Claim; repairs: number },
): Promise<void> => {
  for (const { table, columns, rows } of tables)
    await clickHouse.insert({ table, columns, rows, token: insertToken(table, claim, repairs) })
}

/** Writes blocks one after the other, each claimed first. */
export interface TablesWriter {
  readonly progress: Progress
  write(block: Block): Promise<void>
}

/** A subject of which something was lost, and to which something is added since, goes on from what the log holds. */
const stillLost = ({ lost = {} }: Progress, { tails = {} }: Claim): LostTails =>
  Object.fromEntries(
    Object.entries(lost).filter(([subject, { head }]) => (tails[subject]?.sequence ?? 0) <= head),
  )

/**
 * Goes on from a stored progress.
 *
 * Fails: `write` rejects with `ClaimLost` where another projector claimed a block meanwhile.
 * Source: P2.
 */
export const createTablesWriter = (
  { claims, clickHouse }: WriterParts,
  from: { progress: Progress; revision: number },
): TablesWriter => {
  let { progress, revision } = from
  return {
    get progress() {
      return progress
    },
    write: async (block) => {
      const claim = claimOf(block, progress.nextBlock)
      progress = {
        ...progress,
        nextBlock: claim.block + 1,
        finished: progress.claim?.last ?? progress.finished,
        claim,
        lost: stillLost(progress, claim),
      }
      revision = await claims.write(progress, revision)
      await Promise.all([
        insertBlock(clickHouse, block, { claim, repairs: progress.repairs }),
        claims.remember(claim),
      ])
    },
  }
}
