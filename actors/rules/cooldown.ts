import { longestSpanMs } from "@sluice/events/bounds.ts"
import type { CooldownConfiguration } from "@sluice/events/configuration/channel.ts"
import type { Classification } from "@sluice/events/field.ts"

/** A cooldown in force. Source: C3. */
export interface Cooldown {
  readonly id: string
  readonly startedAt: number
  readonly until: number
  readonly consecutive: number
  readonly classification: Classification
}

/** Returns the cooldown that a fact begins. */
export const begin = (fact: {
  id: string
  at: number
  until: number
  consecutive: number
  classification: Classification
}): Cooldown => ({
  id: fact.id,
  startedAt: fact.at,
  until: fact.until,
  consecutive: fact.consecutive,
  classification: fact.classification,
})

/** Returns a cooldown with the later end that a fact sets. */
export const extend = (
  cooldown: Cooldown | null,
  fact: { id: string; until: number; consecutive: number; classification: Classification },
): Cooldown => {
  if (cooldown?.id !== fact.id) throw new Error(`cooldown ${fact.id} is extended but not in force`)
  return {
    ...cooldown,
    until: fact.until,
    consecutive: fact.consecutive,
    // What follows a cooldown is due to what began it, not to a rejection for concurrency meanwhile.
    classification: fact.classification === "concurrency" ? cooldown.classification : fact.classification,
  }
}

/** How a provider's overload is cooled, whatever the channel says of other kinds. Source: C3. */
const overload = { baseMs: 1_000, maxMs: 60_000 }

/** Holds the drawn jitter to ±10 %. */
const jitterShare = 0.1

/**
 * Returns how long the `n`th cooldown in a row lasts by itself.
 *
 * `jitter` is drawn in −1…1 and moves the span by up to 10 %; the cap holds after it, and `n` below 1 counts as 1.
 * Source: C3.
 */
export const backoffMs = (
  configuration: CooldownConfiguration,
  options: { classification: Classification; n: number; jitter: number },
): number => {
  const { baseMs, maxMs } =
    options.classification === "overloaded" ? { ...configuration, ...overload } : configuration
  const steps = Math.max(1, options.n)
  const span = configuration.backoff === "linear" ? baseMs * steps : baseMs * 2 ** (steps - 1)
  const longestMs = Math.min(maxMs, longestSpanMs)
  return Math.round(Math.min(Math.min(span, longestMs) * (1 + jitterShare * options.jitter), longestMs))
}

/** Where the time left of a cooldown puts its account. Source: C5. */
export const cooling = (
  cooldown: Cooldown | null,
  options: { now: number; guardMs: number },
): "cooling" | "cooling_soon" | null => {
  const leftMs = cooldown === null ? 0 : cooldown.until - options.now
  if (leftMs <= 0) return null
  return leftMs <= options.guardMs ? "cooling_soon" : "cooling"
}
