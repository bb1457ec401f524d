import { LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import { SwapList, type InSwapList } from "../swap-list.ts"

interface Waiter extends InSwapList {
  readonly reject: (error: LogUnavailable) => void
}

/**
 * What waits for the log before a client sees it, so that it can be given up when nothing can be stored any more; what was decided stays decided, and is stored when it can be.
 *
 * Source: L9, E3.
 */
export class WaitingForLog {
  readonly #waiting = new SwapList<Waiter>()
  #givenUp: LogUnavailable | undefined

  /** Resolves with the log. Fails: rejects with the log, or with `LogUnavailable` from the moment in which nothing can be stored. */
  until(stored: Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // Whoever does not wait for it has nothing to be told.
    promise.catch(() => undefined)
    if (this.#givenUp !== undefined) {
      stored.catch(() => undefined)
      reject(this.#givenUp)
      return promise
    }
    const waiter = { place: 0, reject }
    this.#waiting.add(waiter)
    const end = (tell: () => void) => {
      this.#waiting.remove(waiter)
      tell()
    }
    stored.then(
      () => end(resolve),
      (error: unknown) => end(() => reject(error)),
    )
    return promise
  }

  /** Gives up all that waits, and what comes, until `resume`. */
  giveUp(reason: string): void {
    this.#givenUp = new LogUnavailable({ reason })
    for (const { reject } of this.#waiting) reject(this.#givenUp)
  }

  /** Something can be stored again. */
  resume(): void {
    this.#givenUp = undefined
  }
}
