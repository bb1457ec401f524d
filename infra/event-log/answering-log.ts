import { type EventLog, LogUnavailable } from "./event-log.ts"
import { WriteWatch } from "./failing-writes.ts"

/** A log that knows whether it answers. */
export interface AnsweringLog extends EventLog {
  /** True if there is a connection and the newest answer to an append was one. */
  isAnswering(): boolean
}

/** Watches whether a log answers, so that all of a process know it as soon as one of its subjects does. Source: L9. */
export const watchAnswers = (log: EventLog, writes = new WriteWatch()): AnsweringLog => {
  let hasAnswered = true
  return {
    ...log,
    append: async (commit) => {
      try {
        const sequence = await log.append(commit)
        hasAnswered = true
        writes.took()
        return sequence
      } catch (error) {
        hasAnswered = !(error instanceof LogUnavailable)
        // A refusal by the fence says nothing of what the server would store.
        if (error instanceof LogUnavailable && log.isConnected()) writes.failed(error.reason)
        throw error
      }
    },
    isAnswering: () => hasAnswered && log.isConnected(),
  }
}
