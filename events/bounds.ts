/**
 * How large a number from outside may be, far below where whole numbers are exact: whatever clients and upstreams say, facts stay readable and sums stay whole.
 */

/** So many tokens of one kind one attempt has at most: ten times the longest context known. */
export const mostTokens = 100_000_000

/** So much one attempt costs at most; the dearest one at list prices is some thousand USD. Units: nano-USD. */
export const mostCostNanoUsd = 10_000 * 1e9

/** So many requests or tokens a minute a provider is believed to take at most. */
export const mostPerMinute = 1_000_000_000

/** A span that is added to a time is no longer: a year. Units: milliseconds. */
export const longestSpanMs = 365 * 86_400_000

/** Adds amounts of money; where they are more than a number holds exactly, the sum stays at that. Units: nano-USD. */
export const sumNanoUsd = (one: number, other: number): number =>
  Math.min(one + other, Number.MAX_SAFE_INTEGER)
