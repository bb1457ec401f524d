import { availableAt, sizeOf, take, type TokenBucket } from "@sluice/actors/rules/token-bucket.ts"
import { type Problem, problem } from "../http/errors.ts"

/** How much of the proxy one client may use; `null` is without limit. Source: A13. */
export interface ClientLimit {
  /** Requests at once, those that wait too. */
  readonly maxConcurrent: number | null
  /** Requests a minute. */
  readonly rpm: number | null
}

interface Count {
  inFlight: number
  /** `null` while the client has no rate, and before its first request. */
  bucket: TokenBucket | null
}

const burstSeconds = 10

/**
 * Counts the requests of each client from the acceptance of its key to the end of the exchange, and refuses those beyond its own limit.
 *
 * Those of clients without a limit are counted too, so that one that is set meanwhile holds from its first instant. Each ingress counts for itself.
 * Source: A13.
 */
export class ClientLimits {
  readonly #limitOf: (client: string) => ClientLimit | undefined
  readonly #now: () => number
  readonly #counts = new Map<string, Count>()

  constructor(of: {
    /** Returns the limit in force; `undefined` for a client that has none. */
    readonly limitOf: (client: string) => ClientLimit | undefined
    /** Units: milliseconds since the epoch. */
    readonly now: () => number
  }) {
    this.#limitOf = of.limitOf
    this.#now = of.now
  }

  /** Counts a request, which has to `leave` once, or says why it is refused; a refused one counts for nothing. */
  enter(client: string): Problem | undefined {
    const { maxConcurrent = null, rpm = null } = this.#limitOf(client) ?? {}
    const count = this.#countOf(client)
    if (maxConcurrent !== null && count.inFlight >= maxConcurrent) {
      const message = `The client's own limit of requests at once is reached: ${maxConcurrent}.`
      return problem("client_concurrency_exceeded", message)
    }
    if (rpm === null) count.bucket = null
    else {
      const size = sizeOf(rpm, burstSeconds)
      const one = { amount: 1, now: this.#now() }
      if (availableAt(count.bucket, size, one) > one.now) {
        const message = `The client's own limit of requests a minute is reached: ${rpm}.`
        return problem("client_rpm_exhausted", message)
      }
      count.bucket = take(count.bucket, size, one)
    }
    count.inFlight += 1
    return undefined
  }

  /** Ends what a request that has entered counts for. */
  leave(client: string): void {
    this.#countOf(client).inFlight -= 1
  }

  #countOf(client: string): Count {
    const known = this.#counts.get(client)
    if (known !== undefined) return known
    const count: Count = { inFlight: 0, bucket: null }
    this.#counts.set(client, count)
    return count
  }
}
