import type { Fact } from "@sluice/events/commit.ts"
import { type LimitMode, isAdaptive } from "@sluice/events/configuration/adaptive-limit.ts"
import { idOf } from "@sluice/events/identifier.ts"

/** How much of a channel was used. Units: `meanInFlight` in attempts; `utilization` is the used part of the limit in force, 0…1. */
export interface Use {
  readonly channel: string
  readonly meanInFlight: number
  /** `null` where it had no limit. */
  readonly utilization: number | null
}

/** Of which time the use is measured. Units: since the epoch. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

type Occupying = Extract<Fact, { type: "channel.acquired" | "channel.released" | "channel.expired" }>

/** What a fact tells of the use of a channel. */
export type UseFact = Pick<Occupying, "type" | "at" | "inFlight"> | Exclude<Fact, Occupying>

/** Leaves out what takes memory and tells nothing of the use. */
export const useFacts = (fact: Fact): UseFact => {
  switch (fact.type) {
    case "channel.acquired":
    case "channel.released":
    case "channel.expired":
      return { type: fact.type, at: fact.at, inFlight: fact.inFlight }
    default:
      return fact
  }
}

/** Follows from its facts how many attempts of a channel were in flight, and how many might have been. */
export class ChannelUse {
  readonly #channel: string
  readonly #span: Span
  readonly #limits = new Map<string, number | null>()
  #ofChannel: number | null = null
  #inFlight = 0
  #atMs = 0
  #usedMs = 0
  #limitedUsedMs = 0
  #limitMs = 0

  constructor(channel: string, span: Span) {
    this.#channel = channel
    this.#span = span
  }

  /** Takes a fact of the channel or of one of its accounts. */
  take(fact: UseFact): void {
    switch (fact.type) {
      case "channel.acquired":
      case "channel.released":
      case "channel.expired":
        this.#advance(fact.at)
        this.#inFlight = fact.inFlight
        break
      case "channel.configured":
        this.#advance(fact.at)
        this.#ofChannel = inForce(fact.config.maxConcurrent, this.#ofChannel)
        break
      case "channel.limit_adjusted":
      case "channel.learning_reset":
        this.#advance(fact.at)
        this.#ofChannel = fact.to
        break
      case "channel.mode_changed":
        this.#advance(fact.at)
        this.#ofChannel = fact.limit ?? inForce(fact.to, null)
        break
      case "account.configured":
        this.#setLimit(fact, fact.config.enabled ? inForce(fact.config.concurrency, this.#limitOf(fact)) : 0)
        break
      case "account.checkpointed": {
        const { config, learning } = fact.context
        if (config !== undefined && config !== null)
          this.#setLimit(fact, inForce(config.concurrency, learnedIn(learning)))
        break
      }
      case "account.removed":
        this.#setLimit(fact, 0)
        break
      case "account.limit_adjusted":
      case "account.learning_reset":
        this.#setLimit(fact, fact.to)
        break
      case "account.mode_changed":
        this.#setLimit(fact, fact.limit ?? inForce(fact.to, null))
        break
      default:
        break
    }
  }

  /** Sums up. */
  get use(): Use {
    const { fromMs, toMs } = this.#span
    this.#advance(toMs)
    return {
      channel: this.#channel,
      meanInFlight: this.#usedMs / Math.max(1, toMs - fromMs),
      utilization: this.#limitMs === 0 ? null : this.#limitedUsedMs / this.#limitMs,
    }
  }

  get #limit(): number | null {
    let sum: number | null = 0
    for (const limit of this.#limits.values()) sum = sum === null || limit === null ? null : sum + limit
    if (sum === null) return this.#ofChannel
    return this.#ofChannel === null ? sum : Math.min(sum, this.#ofChannel)
  }

  #limitOf({ actor }: Fact): number | null {
    return this.#limits.get(idOf(actor)) ?? null
  }

  #setLimit({ actor, at }: Fact, limit: number | null): void {
    this.#advance(at)
    this.#limits.set(idOf(actor), limit)
  }

  #advance(atMs: number): void {
    const { fromMs, toMs } = this.#span
    const spanMs = Math.max(0, Math.min(atMs, toMs) - Math.max(this.#atMs, fromMs))
    this.#atMs = Math.max(this.#atMs, atMs)
    this.#usedMs += spanMs * this.#inFlight
    const limit = this.#limit
    if (limit === null) return
    this.#limitedUsedMs += spanMs * this.#inFlight
    this.#limitMs += spanMs * limit
  }
}

const usualInitial = 8

/** A limit that is learned stays what it is when the account is configured again. */
const inForce = (mode: LimitMode, known: number | null): number | null =>
  isAdaptive(mode) ? (known ?? mode.adaptive.initial ?? usualInitial) : mode

/** Returns the limit that a checkpoint says was learned; `null` where it says none. */
export const learnedIn = (learning: unknown): number | null =>
  typeof learning === "object" &&
  learning !== null &&
  "limit" in learning &&
  typeof learning.limit === "number"
    ? learning.limit
    : null
