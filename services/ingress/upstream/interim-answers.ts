import { after, type Cancel } from "@sluice/infra/clock/clock.ts"
import type { Lease } from "../admission/lease.ts"
import type { Cause } from "../exchange/failure.ts"

/** More of them before an answer are a flood. */
const mostInterim = 100

/** True if a status is one that HTTP has. Source: RFC 9110, section 15. */
export const isHttpStatus = (status: number): boolean => status >= 100 && status <= 599

/**
 * Bounds what an upstream says before its answer (status 1xx): how often, and for how long.
 *
 * Each one begins the HTTP client's time for the first byte anew, so this holds one time for all of them.
 */
export class InterimAnswers {
  readonly #attempt: { cut(cause: Cause): void }
  readonly #cancel: Cancel
  #count = 0

  /** Takes the attempt that hears them, which began at `startedAt` on the monotonic clock. */
  constructor(attempt: { readonly lease: Lease; cut(cause: Cause): void }, startedAt: number) {
    const leftMs = attempt.lease.channel.timeouts.firstByteMs - (performance.now() - startedAt)
    this.#attempt = attempt
    this.#cancel = after(leftMs, () => attempt.cut("first_byte_timeout"))
  }

  /** Counts one; the one that is too many cuts the attempt. */
  take(): void {
    this.#count += 1
    if (this.#count > mostInterim) this.#attempt.cut("connection")
  }

  /** The answer has come, or never will. */
  end(): void {
    this.#cancel()
  }
}
