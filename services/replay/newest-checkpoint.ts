import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { beginsCheckpoint, CheckpointReader } from "./checkpoint-reader.ts"
import { firstAfter, readCommit } from "./stored-commits.ts"
import { everything, isWithin, type Until } from "./until.ts"

/** Where the first commit of a checkpoint stands. */
export interface CheckpointStart {
  readonly version: number
  readonly sequence: number
}

/** So much of the stream is searched first, and then so many times as much. */
const firstWindow = 10_000
const growth = 16

/** Stands in the text of a commit that holds a part of a checkpoint. */
const mark = '.checkpointed"'

/**
 * Finds the newest whole checkpoint of a subject among what is wanted, backwards from there.
 *
 * Source: L5.
 */
export const newestCheckpoint = async (
  log: EventLog,
  subject: string,
  until: Until,
): Promise<CheckpointStart | undefined> => {
  const last = until === everything ? await log.head() : await lastSequence(log, subject, until)
  for (let size = firstWindow; ; size *= growth) {
    const afterSequence = Math.max(0, last - size)
    const found = await lastIn(log, { subject, afterSequence, untilSequence: last })
    if (found !== undefined || afterSequence === 0) return found
  }
}

/**
 * Returns the sequence of the last commit of a subject that is wanted; 0 where none is.
 *
 * It is found by halving, since a version never falls within a subject, and a time only where the machine's clock was put back: one that it showed twice stands for either of its places, unless the newest commit is no
 * later.
 * Source: L2, L5.
 */
export const lastSequence = async (log: EventLog, subject: string, until: Until): Promise<number> => {
  const newest = await log.last(subject)
  if (newest === undefined) return 0
  if (isWithin(readCommit(newest), until)) return newest.sequence
  let [from, to] = [0, await log.head()]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    const next = await firstAfter(log, subject, middle)
    if (next !== undefined && isWithin(next, until)) from = next.sequence
    else to = middle
  }
  return from
}

const lastIn = async (
  log: EventLog,
  range: { readonly subject: string; readonly afterSequence: number; readonly untilSequence: number },
): Promise<CheckpointStart | undefined> => {
  const reader = new CheckpointReader()
  let begun: CheckpointStart | undefined
  let found: CheckpointStart | undefined
  for await (const message of log.read(range)) {
    if (!message.body.includes(mark)) continue
    const { commit, sequence } = readCommit(message)
    if (beginsCheckpoint(commit)) begun = { version: commit.version, sequence }
    for (const fact of commit.facts) if (reader.take(fact) !== undefined) found = begun
  }
  return found
}
