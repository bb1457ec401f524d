import type { Classification } from "@sluice/events/field.ts"
import type { Limit } from "../limit/limit.ts"

/** An account that comes back from a cooldown: how many at once it may carry, since when. Source: C6. */
export interface SlowStart {
  readonly limit: number
  readonly since: number
}

/** Where an unlimited account is whole again. */
const unlimitedWhole = 32

/** An account that nobody asks is whole again after so long. */
export const idleSlowStartMs = 600_000

const ramped: ReadonlySet<Classification> = new Set<Classification>([
  "overloaded",
  "slope",
  "failing",
  "unknown",
])

/** True if a cooldown of this kind is followed by a slow start; after the others a bucket sets the pace. Source: C6. */
export const startsSlowly = (classification: Classification): boolean => ramped.has(classification)

/** Returns the next limit of a slow start, after a success; `null` when the account is whole. Source: C6. */
export const nextSlowStart = (ramp: SlowStart, limit: Limit): number | null => {
  const next = ramp.limit * 2
  return next >= (limit ?? unlimitedWhole) ? null : next
}
