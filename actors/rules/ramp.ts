import type { Classification } from "@sluice/events/field.ts"
import type { Limit } from "../limit/limit.ts"

/** An account that comes back from a cooldown: how many at once it may carry, since when. Source: C6. */
export interface Ramp {
  readonly limit: number
  readonly since: number
}

/** Where an unlimited account is whole again. */
const unlimitedWhole = 32

/** An account that nobody asks is whole again after so long. */
export const idleRampMs = 600_000

const ramped: ReadonlySet<Classification> = new Set<Classification>([
  "overloaded",
  "slope",
  "failing",
  "unknown",
])

/** Tells whether a cooldown of this kind is followed by a ramp; after the others a bucket sets the pace. Source: C6. */
export const isRamped = (classification: Classification): boolean => ramped.has(classification)

/** Gives the next limit of a ramp, after a success; `null` when the account is whole. Source: C6. */
export const nextRamp = (ramp: Ramp, limit: Limit): number | null => {
  const next = ramp.limit * 2
  return next >= (limit ?? unlimitedWhole) ? null : next
}
