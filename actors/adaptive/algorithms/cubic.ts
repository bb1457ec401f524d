import { type Bounds, type LimitAlgorithm, type LimitEvidence, within } from "../algorithm.ts"
import { enforcing, type Held, heldFrom, isAtUse, isOfLastBurst, lessBy } from "./enforced-limit.ts"

/** What CUBIC knows: where it was rejected, and how it has grown since. */
export interface Cubic extends Held {
  /** The limit at the last rejection, or less where that was lower than the one before; `null` before the first. */
  readonly most: number | null
  /** What additive increase would have come to since the last rejection. */
  readonly additive: number
}

/** What is left of a limit after a rejection. */
const beta = 0.7
/** How steep the growth is. Units: a limit by seconds to the third. */
const steepness = 0.4
/** The additive increase that takes as much as one which halves. */
const additiveShare = (3 * (1 - beta)) / (1 + beta)
/** The target is never further above the limit than that. */
const growthMax = 1.5

const lowered = ({ limit, most }: Cubic, { at }: LimitEvidence, { min }: Pick<Bounds, "min">): Cubic => {
  const left = lessBy(limit, { factor: beta, min })
  // Two rejections without full growth between them: the limit is falling, so less is aimed at.
  const isFalling = most !== null && limit < most
  return {
    limit: left,
    additive: left,
    most: isFalling ? (limit * (1 + beta)) / 2 : limit,
    loweredAt: at,
    reason: "rejected",
  }
}

/** Returns what the limit should be so long after it was lowered: steep at first, flat about where it was rejected, then steep again. */
const targetAt = (
  { limit, loweredAt }: Cubic,
  { most, at }: { readonly most: number; readonly at: number },
): number => {
  const sinceSeconds = (at - loweredAt) / 1_000
  const backSeconds = Math.cbrt((most * (1 - beta)) / steepness)
  const curve = steepness * (sinceSeconds - backSeconds) ** 3 + most
  return Math.min(growthMax * limit, Math.max(limit, curve))
}

const grown = (state: Cubic, { at, holdMs }: LimitEvidence & { kind: "ended" }, bounds: Bounds): Cubic => {
  const { limit, most } = state
  // Nothing was rejected yet: slow start, which doubles the limit in the time that one limit's worth takes.
  if (most === null) return { ...state, limit: within(bounds, limit + 1), reason: "grown" }
  const additive = within(bounds, state.additive + additiveShare / limit)
  // The target is that of one attempt's time later: in that time the limit comes to it.
  const target = targetAt(state, { most, at: at + holdMs })
  const next = limit + (target - limit) / limit
  return { ...state, additive, limit: within(bounds, Math.max(next, additive)), reason: "grown" }
}

/**
 * Lets a limit grow by the cube of the time since it was lowered, so that it stays long about where it was rejected.
 *
 * Source: F8; RFC 9438, sections 4.2 to 4.7 and 4.10.
 */
export const cubic: LimitAlgorithm<Cubic> = {
  ...enforcing<Cubic>(),
  begin: (bounds) => ({ ...heldFrom(bounds), most: null, additive: bounds.initial }),
  observe: (state, evidence, bounds) => {
    if (isOfLastBurst(state, evidence)) return state
    if (evidence.kind === "rejected") return lowered(state, evidence, bounds)
    if (evidence.kind !== "ended" || !evidence.isOk || !isAtUse(state, evidence.level)) return state
    return grown(state, evidence, bounds)
  },
}
