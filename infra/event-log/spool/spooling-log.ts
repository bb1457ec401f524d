import { join } from "node:path"
import { type Clock, systemClock } from "../../clock/clock.ts"
import type { EventLog } from "../event-log.ts"
import { type Disk, machineDisk } from "./disk.ts"
import { SpoolFile } from "./file.ts"
import type { SpoolListener, SpoolPolicy, SpoolState } from "./spool.ts"
import { Spooler } from "./spooler.ts"

/** A log that goes on taking commits while the one behind it does not answer. */
export interface SpoolingLog extends EventLog {
  spool(): SpoolState
}

/** How a spooling log is opened. */
export interface SpoolingLogOptions {
  readonly log: EventLog
  /** The spool's own. */
  readonly directory: string
  /** Asked whenever it matters, since it may change. */
  readonly policy: () => SpoolPolicy
  readonly listener: SpoolListener
  readonly clock?: Clock
  /** Default: the machine's. */
  readonly disk?: Disk
}

/**
 * Puts a spool in front of a log, for a process that is alone with it: while the log does not answer, commits go to a file, and from there to the log when it is back.
 *
 * A commit that is spooled has a provisional sequence, above all real ones, that stands for the real one in the fence of the next. What is asked of the log while the spool holds
 * anything (`last`, `at`, `read`, `head`, `subjects`, `snapshot`, `bytes`, `purge`) waits until it is drained, so that nobody folds half a subject; followers see what is stored. A snapshot that comes
 * meanwhile is dropped. What an earlier process left in the spool is drained before this returns.
 * Fails: rejects with `LogUnavailable` where the log does not take what the spool holds.
 * Source: L8, L9.
 */
export const openSpoolingLog = async (options: SpoolingLogOptions): Promise<SpoolingLog> => {
  const { log, directory, policy, listener, clock = systemClock, disk = machineDisk } = options
  const { file, cutBytes } = await SpoolFile.open(join(directory, "commits"), disk)
  if (cutBytes > 0) listener.onCut({ bytes: cutBytes })
  const refusedFile = join(directory, "refused")
  const spooler = new Spooler({ log, file, refusedFile, disk, policy, listener, clock })
  try {
    await spooler.drainWhatIsLeft()
  } catch (error) {
    await file.close()
    throw error
  }
  return {
    append: (message) => spooler.append(message),
    bodyBytesMax: () => log.bodyBytesMax(),
    last: async (subject) => {
      await spooler.settled(subject)
      return log.last(subject)
    },
    identity: () => log.identity(),
    at: async (sequence) => {
      await spooler.settled()
      return log.at(sequence)
    },
    subjects: async () => {
      await spooler.settled()
      return log.subjects()
    },
    head: async () => {
      await spooler.settled()
      return log.head()
    },
    read: async function* (range) {
      await spooler.settled(range.subject)
      yield* log.read(range)
    },
    follow: (range) => log.follow(range),
    purge: async (range) => {
      await spooler.settled(range.subject)
      return log.purge(range)
    },
    bytes: async () => {
      await spooler.settled()
      return log.bytes()
    },
    snapshot: async (subject) => {
      await spooler.settled(subject)
      return log.snapshot(subject)
    },
    saveSnapshot: async (subject, { checkpoint, ...snapshot }) => {
      const sequence = spooler.storedSequence(subject, snapshot.sequence)
      if (sequence === undefined) return
      const begin = checkpoint && spooler.storedSequence(subject, checkpoint.sequence)
      const stored = { ...snapshot, sequence }
      // Without the place of its checkpoint, other code folds from the first commit that is there.
      if (checkpoint === undefined || begin === undefined) return log.saveSnapshot(subject, stored)
      return log.saveSnapshot(subject, { ...stored, checkpoint: { ...checkpoint, sequence: begin } })
    },
    isConnected: () => log.isConnected(),
    spool: () => spooler.state,
    close: () => spooler.close(),
  }
}
