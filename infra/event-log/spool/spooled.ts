import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Predicate } from "effect"
import type { EventLog } from "../event-log.ts"
import { decodeRecords, factsIn, type SpoolRecord } from "./record.ts"

/** How many commits there are, and facts in them. */
export interface SpooledCount {
  readonly commits: number
  readonly facts: number
}

/** What lies beside a log: what is on its way into it, and what it has refused for good. */
export interface Spooled {
  readonly waiting: SpooledCount
  readonly refused: SpooledCount
}

/**
 * Counts what a spool holds that is not in the log, without changing it; somebody may be working with it.
 *
 * Fails: rejects with `LogUnavailable`, and with the file system's errors.
 * Source: L9, R3.
 */
export const spooledBeside = async (log: Pick<EventLog, "read">, directory: string): Promise<Spooled> => {
  // Before the log, so that what is drained meanwhile is found in it.
  const [commits, refused] = [
    await recordsIn(join(directory, "commits")),
    await recordsIn(join(directory, "refused")),
  ]
  const waiting: Array<SpoolRecord> = []
  for (const [subject, records] of Map.groupBy(commits, (record) => record.subject)) {
    const stored = new Set<string>()
    const afterSequence = records[0]?.expectedSequence ?? 0
    for await (const { id } of log.read({ subject, afterSequence })) stored.add(id)
    waiting.push(...records.filter(({ id }) => !stored.has(id)))
  }
  return { waiting: countOf(waiting), refused: countOf(refused) }
}

const countOf = (records: ReadonlyArray<SpoolRecord>): SpooledCount => ({
  commits: records.length,
  facts: records.reduce((sum, { body }) => sum + factsIn(body), 0),
})

/** A record that is being written is not there yet. */
const recordsIn = async (path: string): Promise<ReadonlyArray<SpoolRecord>> => {
  try {
    return decodeRecords(await readFile(path)).records
  } catch (error) {
    if (Predicate.hasProperty(error, "code") && error.code === "ENOENT") return []
    throw error
  }
}
