import { sleep } from "../clock/clock.ts"
import type { Clock } from "../clock/clock.ts"
import { LogUnavailable } from "../event-log/event-log.ts"

/** The wait before a log that did not answer is asked again. */
const retryMs = 500

/** Asks a log until it answers. Fails: rejects with whatever else than `LogUnavailable` it is told. Source: L9. */
export const whenAnswered = async <Answer>(clock: Clock, ask: () => Promise<Answer>): Promise<Answer> => {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof LogUnavailable)) throw error
      await sleep(clock, retryMs)
    }
  }
}
