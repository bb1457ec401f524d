import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"
import { LogForked, LogUnavailable, type EventLog } from "@sluice/infra/event-log/event-log.ts"
import { stillHolds, type ReadMessage } from "@sluice/infra/event-log/still-holds.ts"

/** How a log is looked at. */
export interface IdleLookOptions {
  readonly log: Pick<EventLog, "at" | "head" | "read">
  readonly clock: Clock
  readonly everyMs: number
  /** What was read last, or nothing yet. */
  lastRead(): ReadMessage | undefined
  /** Called with `LogForked` where the log does not hold it any more; then it is not looked at again. */
  onFailure(error: unknown): void
}

/**
 * Looks now and then whether the log still holds what was read last, while nothing more comes: what comes is checked by who follows.
 *
 * Source: P2, L8.
 */
export const lookWhileIdle = ({ log, clock, everyMs, lastRead, onFailure }: IdleLookOptions): Cancel => {
  let isOver = false
  let cancel: Cancel = () => undefined
  const look = async (before: number | undefined): Promise<void> => {
    const last = lastRead()
    if (last === undefined || last.sequence !== before) return
    try {
      if (!(await stillHolds(log, last)) && !isOver) throw new LogForked({ sequence: last.sequence })
    } catch (error) {
      // A log that does not answer is looked at again.
      if (!(error instanceof LogUnavailable)) throw error
    }
  }
  const lookLater = (): void => {
    if (isOver) return
    const before = lastRead()?.sequence
    cancel = clock.at(clock.now() + everyMs, () => {
      look(before).then(lookLater, onFailure)
    })
  }
  lookLater()
  return () => {
    isOver = true
    cancel()
  }
}
