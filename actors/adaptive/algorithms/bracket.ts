import { type Asking, type Bounds, type LimitAlgorithm, within } from "../algorithm.ts"
import {
  accepted,
  aimed,
  type Bracket,
  ended,
  heldUntil,
  isConverged,
  longestRoundTripMs,
  rejected,
  sent,
  shortestGapMs,
  undoubted,
  unproven,
} from "./bracket-evidence.ts"

const ceiling = (state: Bracket, { inFlight, now }: Asking, bounds: Bounds): number => {
  const { base, drops, strikes, scout, tests, budget, nextTestAt, target } = state
  if (drops > 0) return scout === null ? base : Math.min(base, inFlight)
  if (strikes > 0) {
    const isOnTrial = now >= heldUntil(state) && tests.length === 0
    return within(bounds, undoubted(state) + (isOnTrial ? 1 : 0))
  }
  if (now < nextTestAt) return base
  if (!isConverged(state)) return within(bounds, Math.max(base, target))
  return tests.length === 0 && budget >= 1 ? within(bounds, base + 1) : base
}

/**
 * Brackets the hidden limit: the highest level that was accepted below, the lowest that was rejected above, and a search between them.
 *
 * One rejection tells much: so tests are few, and paid for by acceptances; a rejection at a proven level is believed only against the rate of noise.
 * Source: F1, F3, F6.
 */
export const bracket: LimitAlgorithm<Bracket> = {
  begin: ({ initial }) => ({
    ...unproven,
    base: initial,
    hi: null,
    target: initial + 1,
    step: 1,
    gapMs: shortestGapMs,
    nextTestAt: 0,
    budget: 1,
    noise: 0,
    seen: 0,
    drops: 0,
    loweredAt: 0,
    falls: 0,
    scout: null,
    tests: [],
    roundTripMs: longestRoundTripMs,
    reason: "accepted",
  }),
  observe: (state, evidence, bounds) => {
    switch (evidence.kind) {
      case "sent":
        return sent(state, evidence)
      case "accepted":
        return accepted(state, evidence, bounds)
      case "rejected":
        return rejected(state, evidence, bounds)
      case "ended":
        return ended(state, evidence, bounds)
    }
  },
  proposal: ({ base, reason }) => ({ limit: base, reason }),
  adopt: (state, limit) =>
    limit === state.base
      ? state
      : aimed({ ...state, ...unproven, base: limit, hi: null, step: 1, drops: 0, scout: null, tests: [] }),
  ceiling,
  opensAt: (state, { max }) => {
    if (state.drops > 0) return null
    if (state.tests.length > 0) return null
    if (state.strikes > 0) return heldUntil(state)
    return state.budget >= 1 && state.base < max ? state.nextTestAt : null
  },
  watches: ({ base, drops, strikes }, level) => level > base || drops > 0 || strikes > 0,
  isSettled: (state) => isConverged(state) && state.drops === 0,
}
