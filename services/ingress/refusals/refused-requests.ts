import type { RefusedCount } from "@sluice/events/ingress.ts"

/** So many refusals of one client and code are told one by one in a second; the others are counted. Source: A11. */
const toldPerSecond = 100
const spanMs = 1_000

/** A request that was refused before it was routed. */
export interface RefusedRequest {
  /** Empty while nobody knows who calls. */
  readonly client: string
  readonly code: string
  readonly status: number
}

interface Count extends RefusedRequest {
  readonly since: number
  told: number
  untold: number
}

/**
 * Counts requests that are refused before they are routed, and has their numbers recorded once a second: what anybody can send as fast as a line carries it must not fill the log.
 *
 * Source: A11, S9.
 */
export class RefusedRequests {
  readonly #counts = new Map<string, Count>()
  readonly #now: () => number
  readonly #record: (counts: ReadonlyArray<RefusedCount>) => void
  #timer: NodeJS.Timeout | undefined

  constructor(of: {
    /** Units: milliseconds since the epoch. */
    readonly now: () => number
    readonly record: (counts: ReadonlyArray<RefusedCount>) => void
  }) {
    this.#now = of.now
    this.#record = of.record
  }

  /** Counts a refusal. Returns true if only its number is stored: where its client is not known or the disk is full, and for those of a client beyond a hundred a second. The others have a `request.completed` each. */
  takes(refused: RefusedRequest): boolean {
    const count = this.#countOf(refused)
    if (refused.client !== "" && refused.code !== "disk_full" && count.told < toldPerSecond) {
      count.told += 1
      return false
    }
    count.untold += 1
    return true
  }

  /** Has recorded what was counted so far. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const counts = [...this.#counts.values()].filter(({ untold }) => untold > 0)
    this.#counts.clear()
    if (counts.length === 0) return
    this.#record(
      counts.map(({ client, code, status, since, untold }) => ({
        client,
        code,
        status,
        since,
        count: untold,
      })),
    )
  }

  #countOf({ client, code, status }: RefusedRequest): Count {
    const key = `${client} ${code}`
    const known = this.#counts.get(key)
    if (known !== undefined) return known
    const count: Count = { client, code, status, since: this.#now(), told: 0, untold: 0 }
    this.#counts.set(key, count)
    this.#timer ??= setTimeout(() => this.flush(), spanMs)
    return count
  }
}
