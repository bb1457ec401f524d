import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { errorText } from "@sluice/infra/process/error-text.ts"

/** What fails for the same reason is told again after so long. */
const againMs = 60_000
/** A projection that has gone on for so long goes on. */
const calmMs = 10_000

interface Trouble {
  readonly beganAt: number
  times: number
  reason: string
  toldAt: number
}

/** Writes a line when a projection is interrupted, one a minute while each try fails for the same reason, and one when it goes on, with how often it was tried. */
export class Interruptions {
  readonly #logger: Pick<Logger, "error" | "info">
  readonly #clock: Clock
  #trouble: Trouble | undefined
  #ending: Cancel | undefined

  constructor(logger: Pick<Logger, "error" | "info">, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  /** It was interrupted, and is tried again after a while. */
  interrupted(error: unknown, retryMs: number): void {
    this.stop()
    const now = this.#clock.now()
    const reason = errorText(error)
    this.#trouble ??= { beganAt: now, times: 0, reason: "", toldAt: 0 }
    const trouble = this.#trouble
    trouble.times += 1
    if (reason === trouble.reason && now - trouble.toldAt < againMs) return
    trouble.reason = reason
    trouble.toldAt = now
    this.#logger.error({ err: error, retryMs, times: trouble.times }, "projection interrupted")
  }

  /** It follows the log again. */
  follows(): void {
    this.stop()
    if (this.#trouble === undefined) return
    this.#ending = this.#clock.at(this.#clock.now() + calmMs, () => this.#end())
  }

  /** Tells nothing of its end any more. */
  stop(): void {
    this.#ending?.()
    this.#ending = undefined
  }

  #end(): void {
    if (this.#trouble === undefined) return
    const { beganAt, times } = this.#trouble
    this.#trouble = undefined
    const lastedMs = this.#clock.now() - calmMs - beganAt
    this.#logger.info({ times, lastedMs }, "the projection goes on")
  }
}
