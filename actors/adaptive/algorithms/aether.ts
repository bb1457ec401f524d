import { type Bounds, type LimitAlgorithm, type LimitEvidence, within } from "../algorithm.ts"
import { enforcing, type Held, heldFrom, isAtUse, isOfLastBurst, lessBy } from "./enforced-limit.ts"

/** An attempt that succeeded, and whether much of the limit was used when it was sent. */
interface Sample {
  readonly at: number
  readonly isBusy: boolean
}

/** What Aether's rule knows: how busy the last attempts were, and since when it is quiet. */
export interface Aether extends Held {
  /** The oldest first. */
  readonly samples: ReadonlyArray<Sample>
  /** No 429 and no probe since; 0 before the first attempt. */
  readonly quietSince: number
}

const factor = 0.85
const factorUnknown = 0.9
const step = 2
const samplesKept = 20
const sampleLifeMs = 120_000
const samplesNeeded = 5
const busyUse = 0.7
const busyShare = 0.6
/** No growth for so long after a 429. */
const restMs = 5 * 60_000
const probeAfterMs = 30 * 60_000

const lowered = (
  state: Aether,
  { at, isUnknown }: LimitEvidence & { kind: "rejected" },
  { min }: Bounds,
): Aether => ({
  limit: lessBy(state.limit, { factor: isUnknown ? factorUnknown : factor, min }),
  loweredAt: at,
  quietSince: at,
  samples: [],
  reason: "rejected",
})

const sampled = (state: Aether, { at, level }: LimitEvidence): Aether => {
  const recent = state.samples.filter((sample) => sample.at > at - sampleLifeMs)
  const samples = [...recent.slice(1 - samplesKept), { at, isBusy: isAtUse(state, level, busyUse) }]
  return { ...state, samples, quietSince: state.quietSince === 0 ? at : state.quietSince }
}

const isBusy = ({ samples }: Aether): boolean =>
  samples.length >= samplesNeeded &&
  samples.filter((sample) => sample.isBusy).length >= busyShare * samples.length

const grown = (state: Aether, at: number, bounds: Bounds): Aether => {
  const { limit, loweredAt, quietSince } = state
  const isResting = loweredAt > 0 && at - loweredAt < restMs
  // What was sampled under one limit says nothing of the next.
  if (isBusy(state) && !isResting)
    return { ...state, limit: within(bounds, limit + step), samples: [], reason: "grown" }
  if (at - quietSince < probeAfterMs) return state
  return { ...state, limit: within(bounds, limit + 1), samples: [], quietSince: at, reason: "probed" }
}

/**
 * Aether's rule, for those who move over from it: two more while most of the limit is used, 15 % less after a burst of rejections, and then no growth for five minutes.
 *
 * Source: F10.
 */
export const aether: LimitAlgorithm<Aether> = {
  ...enforcing<Aether>(),
  begin: (bounds) => ({ ...heldFrom(bounds), samples: [], quietSince: 0 }),
  observe: (state, evidence, bounds) => {
    if (isOfLastBurst(state, evidence)) return state
    if (evidence.kind === "rejected") return lowered(state, evidence, bounds)
    if (evidence.kind !== "ended" || !evidence.isOk) return state
    return grown(sampled(state, evidence), evidence.at, bounds)
  },
}
