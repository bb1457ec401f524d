/** How many at once: a number, or `null` for no limit, which is never a number. Source: A3. */
export type Limit = number | null

/** True if one more fits. */
export const hasRoom = (limit: Limit, inFlight: number): boolean => limit === null || inFlight < limit

/** Returns the used part of a limit, in 0…1 (0 where nothing limits). */
export const load = (limit: Limit, inFlight: number): number => (limit === null ? 0 : inFlight / limit)

/** Returns the smaller of two limits. */
export const tighter = (one: Limit, other: Limit): Limit => {
  if (one === null) return other
  return other === null ? one : Math.min(one, other)
}
