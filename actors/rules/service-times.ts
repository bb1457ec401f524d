/** How long attempts for one model hold a slot: an average that follows the newest, over how many. */
export interface ServiceTime {
  readonly meanMs: number
  readonly samples: number
}

/** What is known of each model. It changes in place. */
export type ServiceTimes = Map<string, ServiceTime>

/** The newest counts for so much; the first ones for more, so that the average begins with them. */
const newestShare = 0.05

/** Fewer samples say nothing. Source: B11. */
const samplesMin = 20

/** A caller may name any model that a pattern lets through. */
const modelsMax = 1_000

/** Takes note of how long a successful attempt held its slot. */
export const observe = (holds: ServiceTimes, model: string, holdMs: number): void => {
  const known = holds.get(model)
  if (known === undefined && holds.size >= modelsMax) return
  const { meanMs, samples } = known ?? { meanMs: 0, samples: 0 }
  const share = Math.max(newestShare, 1 / (samples + 1))
  holds.set(model, { meanMs: meanMs + share * (holdMs - meanMs), samples: Math.min(samples + 1, samplesMin) })
}

/** Returns how long an attempt for a model holds a slot on average; `null` where too little is known. Source: B11. */
export const meanServiceTimeMs = (holds: ServiceTimes, model: string): number | null => {
  const known = holds.get(model)
  return known === undefined || known.samples < samplesMin ? null : known.meanMs
}
