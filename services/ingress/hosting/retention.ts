import type { Retention } from "@sluice/events/configuration/configuration.ts"
import { type Clock, wallNow } from "@sluice/infra/clock/clock.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { findExpendable } from "@sluice/infra/event-log/expendable.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import type { RetainedSubject } from "./actor-node.ts"

/** What the log is kept short with. */
export interface RetentionParts {
  readonly log: EventLog
  readonly clock: Clock
  /** The subjects that this process hosts: nobody else shortens them. */
  readonly subjects: () => ReadonlyArray<RetainedSubject>
  /** Returns the sequence up to which everything is in the tables for good. */
  readonly projected: () => Promise<number>
  readonly retention: () => Retention
  readonly logger: Pick<Logger, "info" | "error">
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** So old the newest checkpoint of a subject gets while anything happens to it. Source: L5. */
const checkpointEveryMs = dayMs

/** However large the log is, what is younger stays: the disk of the tables may still lose it, and a request that began then may still run. Source: P2, L7. */
const settledMs = hourMs

/**
 * Looks once what the log need not hold any more: makes the checkpoints that are due and purges what old ones stand for.
 *
 * Source: L5.
 */
export const shortenLog = async ({ log, clock, subjects, ...parts }: RetentionParts): Promise<void> => {
  const live = subjects().filter(({ isLive }) => isLive)
  for (const subject of live) subject.checkpoint(checkpointEveryMs)
  const { days, bytes: bytesMax } = parts.retention()
  const now = wallNow(clock)
  const expendable = await findExpendable(log, {
    subjects: new Set(live.map(({ subject }) => subject)),
    untilSequence: await parts.projected(),
    nowMs: now,
    beforeMs: now - days * dayMs,
    beforeMsIfLarge: now - settledMs,
    bytesMax,
  })
  for (const { subject, beforeSequence } of expendable) {
    const commits = await log.purge({ subject, beforeSequence })
    parts.logger.info(
      { subject, commits, beforeSequence },
      "commits that a checkpoint stands for are purged from the log",
    )
  }
}

/** Keeps the log short from now on, every hour, and first a minute after the start. Source: L5. */
export const keepLogShort = (parts: RetentionParts): Disposable => {
  let cancel = (): void => undefined
  let isOver = false
  const lookAt = (timeMs: number): void => {
    cancel = parts.clock.at(timeMs, () => {
      lookAt(parts.clock.now() + hourMs)
      shortenLog(parts).catch((error: unknown) => {
        // What is under way when the process ends fails with its log, and is done at the next start.
        if (isOver) return
        parts.logger.error({ err: error }, "the log could not be shortened: it is tried again in an hour")
      })
    })
  }
  lookAt(parts.clock.now() + minuteMs)
  return {
    [Symbol.dispose]: () => {
      isOver = true
      cancel()
    },
  }
}
