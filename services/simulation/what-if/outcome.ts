import { okCode } from "@sluice/ingress/http/errors.ts"
import type { Use } from "./channel-use.ts"
import type { RecordedRequest } from "./recording/recorded-attempt.ts"

/** How long requests waited that were completed. Units: milliseconds. */
export interface Waits {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** What a channel came to. */
export interface ChannelOutcome extends Use {
  readonly attempts: number
  /** The provider's 429s. */
  readonly rejections: number
}

/** What the requests of a span came to. */
export interface Outcome {
  readonly requests: number
  readonly completed: number
  /** How many ended otherwise, by the code that their clients were told. */
  readonly codes: Readonly<Record<string, number>>
  readonly attempts: number
  /** The providers' 429s. */
  readonly rejections: number
  readonly waits: Waits
  /** Units: 10⁻⁹ USD. */
  readonly costNanoUsd: number
  readonly channels: ReadonlyArray<ChannelOutcome>
}

/** The part of a request's end that is counted. */
export type Ended = Pick<RecordedRequest, "code" | "attempts" | "waitMs">

/** Counts how requests end. */
export class OutcomeCount {
  readonly #waits: Array<number> = []
  readonly #codes = new Map<string, number>()
  readonly #channels = new Map<string, { attempts: number; rejections: number }>()
  #requests = 0
  costNanoUsd = 0

  /** Takes a request that has ended. */
  take({ code, attempts, waitMs }: Ended): void {
    this.#requests += 1
    if (code === okCode) this.#waits.push(Math.max(0, Math.round(waitMs)))
    else this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
    for (const { channel, status } of attempts) {
      const count = this.#channels.get(channel) ?? { attempts: 0, rejections: 0 }
      this.#channels.set(channel, count)
      count.attempts += 1
      if (status === 429) count.rejections += 1
    }
  }

  /** Sums up, with the use of the channels. */
  outcome(uses: ReadonlyArray<Use>): Outcome {
    const waits = this.#waits.toSorted((one, other) => one - other)
    const channels = uses
      .map((use) => ({ ...use, ...(this.#channels.get(use.channel) ?? { attempts: 0, rejections: 0 }) }))
      .toSorted((one, other) => (one.channel < other.channel ? -1 : 1))
    const counts = [...this.#channels.values()]
    return {
      requests: this.#requests,
      completed: waits.length,
      codes: Object.fromEntries([...this.#codes].toSorted(([one], [other]) => (one < other ? -1 : 1))),
      attempts: counts.reduce((sum, { attempts }) => sum + attempts, 0),
      rejections: counts.reduce((sum, { rejections }) => sum + rejections, 0),
      waits: { p50: percentile(waits, 50), p95: percentile(waits, 95), p99: percentile(waits, 99) },
      costNanoUsd: this.costNanoUsd,
      channels,
    }
  }
}

/** Returns the nearest rank of what is sorted; 0 of nothing. */
const percentile = (sorted: ReadonlyArray<number>, percent: number): number =>
  sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0
