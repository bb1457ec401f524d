import { sumNanoUsd } from "@sluice/events/bounds.ts"

/** A window of 5 hours in which an account's cost counts. Units: milliseconds since the epoch, in full minutes. Source: D6. */
export interface CostWindow {
  readonly start: number
  readonly end: number
  readonly source: "official" | "hour"
}

/** What an account cost in one minute. Units: nano-USD by the list. */
export type MinuteCost = readonly [minuteStart: number, nanoUsd: number]

/** Where an account stands in its window of cost. Source: D5. */
export type WindowState = "open" | "sticky_only" | "exhausted"

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const windowMs = 5 * hourMs
const keptMs = 10 * hourMs
const nanoPerUsd = 1e9

/** Returns the window that begins with the present hour, UTC: there is no official figure. `aheadMs` is how far the time is ahead of the calendar, whose hours they are, to the minute. Source: D6. */
export const windowOfHour = (now: number, aheadMs = 0): CostWindow => {
  const calendar = now - aheadMs
  const start = calendar - (calendar % hourMs) + Math.floor(aheadMs / minuteMs) * minuteMs
  return { start, end: start + windowMs, source: "hour" }
}

/** Returns the window that ends at the official reset. Source: D6. */
export const windowUntil = (reset: number): CostWindow => {
  const end = Math.round(reset / minuteMs) * minuteMs
  return { start: end - windowMs, end, source: "official" }
}

/** True if a window is in force. */
export const isCurrent = (window: CostWindow | null, now: number): window is CostWindow =>
  window !== null && now < window.end

/** Adds a cost to the minute that it falls in, and forgets minutes that no correction can reach any more. Source: D6. */
export const addCost = (
  costs: ReadonlyArray<MinuteCost>,
  { at, nanoUsd }: { readonly at: number; readonly nanoUsd: number },
): ReadonlyArray<MinuteCost> => {
  const minute = at - (at % minuteMs)
  const last = costs.at(-1)
  if (last?.[0] === minute) return [...costs.slice(0, -1), [minute, sumNanoUsd(last[1], nanoUsd)]]
  return [...costs.filter(([start]) => start > at - keptMs), [minute, nanoUsd]]
}

/** Puts a cost in the place of all that was recorded in a window. It counts in the present minute, so that it stays in every window that is in force now. Source: C8, D6. */
export const correctedCosts = (
  costs: ReadonlyArray<MinuteCost>,
  window: CostWindow | null,
  cost: { readonly at: number; readonly nanoUsd: number },
): ReadonlyArray<MinuteCost> => {
  const isIn = (minute: number) => window !== null && minute >= window.start && minute < window.end
  return addCost(
    costs.filter(([minute]) => !isIn(minute)),
    cost,
  )
}

/** Returns what was recorded in a window; no window, or one that is over, cost nothing. Source: D5, D6. */
export const costIn = (costs: ReadonlyArray<MinuteCost>, window: CostWindow | null, now: number): number => {
  if (!isCurrent(window, now)) return 0
  let sum = 0
  for (const [minute, nanoUsd] of costs)
    if (minute >= window.start && minute < window.end) sum = sumNanoUsd(sum, nanoUsd)
  return sum
}

/** Tells whom a cost lets in: below the limit all, up to the reserve above it those of bound sessions, then nobody. Source: D5. */
export const stateOf = (
  costNanoUsd: number,
  { limitUsd, stickyReserveUsd }: { readonly limitUsd: number; readonly stickyReserveUsd: number },
): WindowState => {
  if (limitUsd <= 0 || costNanoUsd < limitUsd * nanoPerUsd) return "open"
  return costNanoUsd <= (limitUsd + stickyReserveUsd) * nanoPerUsd ? "sticky_only" : "exhausted"
}

/** Returns a limit as facts hold it: no more than a number holds exactly. Units: nano-USD. */
export const limitNanoUsd = (limitUsd: number): number =>
  Math.min(Math.round(limitUsd * nanoPerUsd), Number.MAX_SAFE_INTEGER)
