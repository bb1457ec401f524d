import { type Bounds, type LimitAlgorithm, type LimitEvidence, type Proposal, within } from "../algorithm.ts"

/** What an algorithm knows that enforces one number and tests nothing above it. */
export interface Held {
  /** May lie between two whole numbers; the lower one is enforced. */
  readonly limit: number
  /** When it was lowered last; 0 for never. */
  readonly loweredAt: number
  readonly reason: Proposal["reason"]
}

/** An attempt tells something of what the limit could be only if so much of it was used. */
const usedEnough = 0.75

/** Returns what is held at first. */
export const heldFrom = ({ initial }: Bounds): Held => ({ limit: initial, loweredAt: 0, reason: "accepted" })

/** True if an attempt was sent before the last decrease, or in its instant: it is of the burst that caused it. Source: F3. */
export const isOfLastBurst = ({ loweredAt }: Held, { sentAt }: LimitEvidence): boolean => sentAt <= loweredAt

/** True if enough was in flight when an attempt was sent that its success speaks for more. */
export const isAtUse = ({ limit }: Held, level: number, share = usedEnough): boolean =>
  level >= share * Math.floor(limit)

/** Returns the smaller limit that a rejection leaves: a factor of what was, and one less at least. Source: F3. */
export const lessBy = (limit: number, { factor, min }: { readonly factor: number; readonly min: number }) =>
  Math.max(min, Math.min(limit * factor, Math.floor(limit) - 1))

/** Returns the part that is the same in every algorithm that enforces one number: no attempt tests more, so none is watched. */
export const enforcing = <State extends Held>(): Omit<LimitAlgorithm<State>, "begin" | "observe"> => ({
  proposal: ({ limit, reason }) => ({ limit: Math.floor(limit), reason }),
  // What is enforced may be the whole part of what is held.
  adopt: (state, limit, bounds) =>
    Math.floor(state.limit) === limit ? state : { ...state, limit: within(bounds, limit) },
  ceiling: ({ limit }) => Math.floor(limit),
  opensAt: () => null,
  watches: () => false,
  isSettled: ({ loweredAt }) => loweredAt > 0,
})
