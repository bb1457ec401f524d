import type { Commit, Fact } from "@sluice/events/commit.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import { category, time, uint32, uint64 } from "@sluice/infra/clickhouse/native/column-types.ts"
import type { Columns } from "@sluice/infra/clickhouse/native/native-rows.ts"

/** Where a commit is stored. */
export interface Position {
  readonly subject: string
  readonly sequence: number
}

/** What every row begins with: `subject`, `version` and `index` tell it from all others, also after an import. Source: P2. */
export interface RowKey {
  readonly at: number
  readonly sequence: number
  readonly subject: string
  readonly version: number
  /** The place of its fact in the commit. */
  readonly index: number
}

/** The columns of what every row begins with. */
export const keyColumns: Columns<RowKey> = {
  at: time,
  sequence: uint64,
  subject: category,
  version: uint64,
  index: uint32,
}

/** A table in ClickHouse: its name, and what its columns hold. */
export interface Table<Row> {
  readonly table: string
  readonly columns: Columns<Row>
}

/** A table that is made from facts, and the rows that one commit gives. */
export interface Projection<Row> extends Table<Row> {
  rows(commit: Commit, position: Position): ReadonlyArray<Row>
}

/** A smaller number is read by ClickHouse as seconds. */
const earliestMs = Date.UTC(2001, 8, 9, 1, 46, 40)
const latestMs = Date.UTC(2299, 11, 31)

/**
 * Returns a time as a column holds it.
 *
 * Units: milliseconds since the epoch.
 * Fails: throws where `DateTime64(3)` cannot hold it.
 */
export const timeColumn = (ms: number): number => {
  if (ms < earliestMs || ms > latestMs) throw new RangeError(`the time ${ms} is outside of 2001 to 2299`)
  return ms
}

/** Makes the beginning of a row from a fact and its place. */
export const rowKey = (commit: Commit, position: Position, index: number, fact: Fact): RowKey => ({
  at: timeColumn(fact.at),
  sequence: position.sequence,
  subject: position.subject,
  version: commit.version,
  index,
})

const channelPrefix = channelSubject("")

/** Returns the channel whose subject it is, or nothing for another's. Source: L5. */
export const channelOf = ({ subject }: Position): string =>
  subject.startsWith(channelPrefix) ? subject.slice(channelPrefix.length) : ""
