import type { AdaptiveBounds, AdaptiveSettings } from "@sluice/events/configuration/adaptive-limit.ts"
import { type Bounds, within } from "./algorithm.ts"
import { algorithms } from "./algorithms.ts"

/** Fills in what is not said; what is said counts, and the rest makes room for it. */
const filled = (said: Omit<AdaptiveBounds, "algorithm">, rest: Bounds): Bounds => {
  const max = said.max ?? Math.max(rest.max, said.min ?? 0, said.initial ?? 0)
  const min = said.min ?? Math.min(rest.min, max, said.initial ?? max)
  return { min, max, initial: within({ min, max }, said.initial ?? rest.initial) }
}

/** Returns how a limit is learned: as it says itself, else as the settings say, else as is usual for the algorithm. Source: S4. */
export const boundsIn = (settings: AdaptiveSettings, own: AdaptiveBounds): AdaptiveBounds & Bounds => {
  const algorithm = own.algorithm ?? settings.algorithm
  return { algorithm, ...filled(own, filled(settings, algorithms[algorithm].bounds)) }
}

/** Returns how a limit is learned of which nothing is said. Source: S4, S6. */
export const usualBounds = (settings: AdaptiveSettings): AdaptiveBounds & Bounds =>
  boundsIn(settings, { algorithm: null, initial: null, min: null, max: null })
