import { type Commit, decodeCommit } from "@sluice/events/commit.ts"
import { inWallTime } from "@sluice/events/wall-time.ts"
import type { Claim, Tails } from "@sluice/infra/clickhouse/claims.ts"
import { type NativeBlock, NativeRows } from "@sluice/infra/clickhouse/native/native-rows.ts"
import type { StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import { bodyOf } from "@sluice/infra/event-log/repair/repaired-log.ts"
import { errorText } from "@sluice/infra/process/error-text.ts"
import { projections } from "./tables/projections.ts"
import { rejectedCommits } from "./tables/rejected-commits.ts"
import type { Table } from "./tables/row.ts"

/** Rows for one table. */
export interface RowsOfTable {
  readonly into: Table<object>
  readonly rows: ReadonlyArray<object>
}

/** What one message gives. */
export interface ProjectedMessage {
  readonly subject: string
  readonly sequence: number
  readonly id: string
  readonly tables: ReadonlyArray<RowsOfTable>
  /** 0 for a rejected one. */
  readonly facts: number
  /** The time of the commit; `null` for a rejected one. */
  readonly at: number | null
  /** Why it could not be read as a commit. Source: P3. */
  readonly rejection: string | null
  readonly bytes: number
}

/** Makes rows from one message, with times as the machine's clock showed them; one that cannot be read becomes a row of `rejected_commits`. Source: P3. */
export const projectMessage = (message: StoredMessage): ProjectedMessage => {
  const { subject, sequence, id, body } = message
  const bytes = body.length
  try {
    const commit = inWallTime(decodeCommit(body))
    const tables = tablesOf(commit, message)
    for (const { fact, repaired } of repairsIn(commit))
      tables.push(...tablesOf(repaired, { ...message, subject: fact.subject, id: fact.commit }))
    return {
      subject,
      sequence,
      id,
      tables,
      facts: commit.facts.length,
      at: commit.at,
      rejection: null,
      bytes,
    }
  } catch (error) {
    const rejection = errorText(error)
    const tables = [{ into: rejectedCommits, rows: [{ ...message, reason: rejection }] }]
    return { subject, sequence, id, tables, facts: 0, at: null, rejection, bytes }
  }
}

const tablesOf = (commit: Commit, message: StoredMessage): Array<RowsOfTable> => {
  const tables: Array<RowsOfTable> = []
  for (const into of projections) {
    const rows = into.rows(commit, message)
    if (rows.length > 0) tables.push({ into, rows })
  }
  return tables
}

/** Returns what stands in the place of commits that went to the rejected ones; it comes to the tables with the first repair of each. Source: L11, P3. */
const repairsIn = ({ version, facts }: Commit) =>
  facts.flatMap((fact) =>
    fact.type === "commit.repaired" && version === 1 && !fact.isReadable
      ? [{ fact, repaired: inWallTime(decodeCommit(bodyOf(fact))) }]
      : [],
  )

/** How much a block may hold. Source: P2; the bytes bound the memory where commits are large. */
export interface BlockLimit {
  readonly facts: number
  readonly bytes: number
}

/** The largest block. Source: P2. */
export const blockLimit: BlockLimit = { facts: 60_000, bytes: 32 * 1024 * 1024 }

/** A block that is being filled. */
export interface OpenBlock {
  /** Absent while it is empty, as is `last`. */
  first: ProjectedMessage | undefined
  last: ProjectedMessage | undefined
  /** The last message of each subject. */
  readonly tails: Map<string, ProjectedMessage>
  readonly tables: Map<string, NativeRows<object>>
  facts: number
  bytes: number
}

/** Begins a block. */
export const openBlock = (): OpenBlock => ({
  first: undefined,
  last: undefined,
  tails: new Map(),
  tables: new Map(),
  facts: 0,
  bytes: 0,
})

/** Begins a block in the memory of one that was written. */
export const reopenBlock = (block: OpenBlock): void => {
  block.first = undefined
  block.last = undefined
  block.facts = 0
  block.bytes = 0
  block.tails.clear()
  for (const rows of block.tables.values()) rows.clear()
}

/** True if a message still goes into a block; into an empty one any does. */
export const fits = (block: OpenBlock, message: ProjectedMessage, limit: BlockLimit): boolean =>
  block.first === undefined ||
  (block.facts + message.facts <= limit.facts && block.bytes + message.bytes <= limit.bytes)

/** Adds a message to a block. */
export const addTo = (block: OpenBlock, message: ProjectedMessage): void => {
  block.first ??= message
  block.last = message
  block.tails.set(message.subject, message)
  for (const { into, rows } of message.tables) {
    const collected = block.tables.get(into.table) ?? new NativeRows(into.columns)
    block.tables.set(into.table, collected)
    collected.add(rows)
  }
  block.facts += message.facts
  block.bytes += message.bytes
}

/** Rows that go into one table together. */
export interface TableRows {
  readonly table: string
  readonly columns: ReadonlyArray<string>
  readonly count: number
  readonly rows: NativeBlock
}

/** Messages that go into the tables together. Source: P2. */
export interface Block {
  /** The sequences of its first and last message. */
  readonly first: number
  readonly last: number
  /** The commit id of its last message. */
  readonly lastId: string
  readonly tails: Tails
  readonly tables: ReadonlyArray<TableRows>
}

/** Ends a block that holds something; its rows stand until it is reopened. */
export const closeBlock = ({ first, last, tails, tables }: OpenBlock): Block => {
  if (first === undefined || last === undefined) throw new Error("a block without messages cannot be written")
  return {
    first: first.sequence,
    last: last.sequence,
    lastId: last.id,
    tails: Object.fromEntries([...tails].map(([subject, { sequence, id }]) => [subject, { sequence, id }])),
    tables: [...tables].flatMap(([table, rows]) =>
      rows.count === 0 ? [] : [{ table, columns: rows.names, count: rows.count, rows: rows.block() }],
    ),
  }
}

/** Makes the claim of a block. Source: P2. */
export const claimOf = ({ first, last, lastId, tails, tables }: Block, number: number): Claim => ({
  block: number,
  first,
  last,
  lastId,
  tails,
  rows: Object.fromEntries(tables.map(({ table, count }) => [table, count])),
})
