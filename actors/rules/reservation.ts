import type { Limit } from "../limit/limit.ts"

/** How many requests an account must have carried before its load says how much to reserve. Source: F11. */
export const seenEnough = 100

const fewSeenShare = 0.1
const mostShare = 0.35
const smallestShared = 4
const unsureConfidence = 0.5

/** What the number of reserved slots follows from. */
export interface Reserved {
  /** As configured. */
  readonly reserved: number | "auto"
  /** As configured. */
  readonly limit: number
  /** The limit in force, which a slow start or a lowered limit may hold below. */
  readonly inForce: number
  readonly inFlight: number
  /** How many requests it has carried, up to `seenEnough`. */
  readonly seen: number
  /** True if the limit is sure: configured, or learned for now. */
  readonly isCertain: boolean
}

/**
 * Returns how many slots a new request may use of an account's limit; 0 where all of it is kept for bound ones.
 *
 * While less than the configured limit is in force, one slot stays open to new requests.
 * Source: A4, F11.
 */
export const openToNew = (of: Reserved): number => {
  const { reserved, limit, inForce } = of
  if (reserved === "auto") return inForce - sharedOf(of)
  if (reserved >= limit) return 0
  return inForce < limit ? Math.max(Math.min(1, inForce), inForce - reserved) : inForce - reserved
}

const sharedOf = ({ inForce, inFlight, seen, isCertain }: Reserved): number => {
  if (inForce < smallestShared) return 0
  const load = Math.min(1, inFlight / inForce)
  const confidence = isCertain ? 1 : unsureConfidence
  const share =
    seen < seenEnough
      ? fewSeenShare
      : fewSeenShare + (mostShare - fewSeenShare) * confidence * Math.max(0, 2 * load - 1)
  return Math.min(Math.floor(inForce * share), inForce - 1)
}

/** True if an account keeps all of its slots for bound requests. Source: A4. */
export const isAllReserved = (reserved: number | "auto", limit: Limit): boolean =>
  reserved !== "auto" && limit !== null && reserved >= limit
