import { decodeCommit } from "@sluice/events/commit.ts"
import { databaseName, type ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import type { EventLog, StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import { projectedTables } from "./tables/projections.ts"

/** Where rows are, and the log that they were made from. */
interface RowsParts {
  readonly log: EventLog
  readonly clickHouse: ClickHouse
}

/** True if any table holds rows from behind a sequence that the log does not keep from being taken. Fails: rejects with `LogUnavailable`. */
export const hasRowsAfter = async (parts: RowsParts, sequence: number): Promise<boolean> => {
  const reaching = await tablesThat(
    parts.clickHouse,
    (table) => `SELECT toUInt8(max(sequence) > ${sequence}) AS found FROM ${databaseName}.${table}`,
  )
  if (reaching.length === 0) return false
  const condition = await replaceable(parts.log, sequence)
  const replaced = await tablesThat(
    parts.clickHouse,
    (table) => `SELECT toUInt8(count() > 0) AS found FROM ${databaseName}.${table} WHERE ${condition}`,
  )
  return replaced.length > 0
}

const tablesThat = async (
  clickHouse: ClickHouse,
  question: (table: string) => string,
): Promise<ReadonlyArray<string>> => {
  const answers = await Promise.all(
    projectedTables.map((table) => clickHouse.query<{ found: number }>(question(table))),
  )
  return projectedTables.filter((_, place) => answers[place]?.[0]?.found === 1)
}

/**
 * Takes away every row from behind a sequence, but those of commits that were purged from the log: nothing else holds them.
 *
 * Fails: rejects with `LogUnavailable`, before anything is taken away.
 * Source: L5, P5.
 */
export const removeRowsAfter = async (parts: RowsParts, sequence: number): Promise<void> => {
  const condition = await replaceable(parts.log, sequence)
  // All at once: no other projector is to write between the first and the last of them.
  await Promise.all(
    projectedTables.map((table) =>
      parts.clickHouse.command(
        `ALTER TABLE ${databaseName}.${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 2`,
      ),
    ),
  )
}

/** Says which rows the log can give again, or never gave: all but those that lie before the first commit that it holds of their subject. */
const replaceable = async (log: EventLog, sequence: number): Promise<string> => {
  const behind = `sequence > ${sequence}`
  const purged = await firstsOfPurged(log)
  if (purged.length === 0) return behind
  const subjects = purged.map(({ subject }) => quoted(subject)).join(", ")
  const firsts = purged.map((first) => first.sequence).join(", ")
  return `${behind} AND sequence >= transform(toString(subject), [${subjects}], [${firsts}], 0)`
}

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`

/** Returns the first message of each subject that has lost its beginning: a subject is purged from there on, however old others are. Source: L5. */
const firstsOfPurged = async (log: EventLog): Promise<ReadonlyArray<StoredMessage>> => {
  const firsts: Array<StoredMessage> = []
  for (const subject of await log.subjects()) {
    const first = await firstOf(log, subject)
    if (first !== undefined && !isBeginning(first)) firsts.push(first)
  }
  return firsts
}

const firstOf = async (log: EventLog, subject: string): Promise<StoredMessage | undefined> => {
  for await (const message of log.read({ subject, afterSequence: 0 })) return message
  return undefined
}

/** What cannot be read as a commit may stand anywhere, so that what is before it stays. */
const isBeginning = ({ body }: StoredMessage): boolean => {
  try {
    return decodeCommit(body).version === 1
  } catch {
    return false
  }
}
