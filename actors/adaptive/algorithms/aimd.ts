import { type LimitAlgorithm, within } from "../algorithm.ts"
import { enforcing, type Held, heldFrom, isAtUse, isOfLastBurst, lessBy } from "./enforced-limit.ts"

/** What AIMD knows. */
export interface Aimd extends Held {
  /** How many attempts were accepted since the limit was changed. */
  readonly accepted: number
}

/** What is left of a limit after a rejection. */
const factor = 0.7

const grown = (state: Aimd): Aimd => {
  const accepted = state.accepted + 1
  if (accepted < Math.floor(state.limit)) return { ...state, accepted }
  return { ...state, accepted: 0, limit: state.limit + 1, reason: "grown" }
}

/**
 * Raises a limit by one for each limit's worth of accepted attempts while it is used, and takes 30 % off it for each burst of rejections.
 *
 * Source: F8; RFC 5681, section 3.1, for additive increase and multiplicative decrease.
 */
export const aimd: LimitAlgorithm<Aimd> = {
  ...enforcing<Aimd>(),
  begin: (bounds) => ({ ...heldFrom(bounds), accepted: 0 }),
  observe: (state, evidence, bounds) => {
    if (isOfLastBurst(state, evidence)) return state
    if (evidence.kind === "rejected") {
      const limit = lessBy(state.limit, { factor, min: bounds.min })
      return { limit, accepted: 0, loweredAt: evidence.at, reason: "rejected" }
    }
    if (evidence.kind !== "ended" || !evidence.isOk || !isAtUse(state, evidence.level)) return state
    const next = grown(state)
    return { ...next, limit: within(bounds, next.limit) }
  },
}
