import { LogUnavailable } from "@sluice/infra/event-log/event-log.ts"

/**
 * What waits for the log before a client sees it, so that it can be given up when nothing can be stored any more; what was decided stays decided, and is stored when it can be.
 *
 * Source: L9, E3.
 */
export class WaitingForLog {
  #waiting = new Set<(error: LogUnavailable) => void>()
  #givenUp: LogUnavailable | undefined

  /** Resolves with the log. Fails: rejects with the log, or with `LogUnavailable` from the moment in which nothing can be stored. */
  until(stored: Promise<void>): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      if (this.#givenUp === undefined) this.#waiting.add(reject)
      else reject(this.#givenUp)
      const end = (tell: () => void) => {
        this.#waiting.delete(reject)
        tell()
      }
      stored.then(
        () => end(resolve),
        (error: unknown) => end(() => reject(error)),
      )
    })
    // Whoever does not wait for it has nothing to be told.
    promise.catch(() => undefined)
    return promise
  }

  /** Gives up all that waits, and what comes, until `resume`. */
  giveUp(reason: string): void {
    this.#givenUp = new LogUnavailable({ reason })
    for (const reject of this.#waiting) reject(this.#givenUp)
    this.#waiting.clear()
  }

  /** Something can be stored again. */
  resume(): void {
    this.#givenUp = undefined
  }
}
