import { type AccountActor, accountOf, type Group } from "../group/group.ts"
import type { Obstacle } from "./command.ts"
import { type Asked, obstacles } from "./obstacle.ts"

/** Whether and when those may be served that cannot be served now. Source: B10. */
export interface Outlook {
  /** When something opens by itself, as far as that is known. */
  readonly until: number | null
  /** The account whose bucket has enough first, if it is a bucket that they wait for. */
  readonly paced: AccountActor | undefined
  /** Tells whether one that must be served by a time can be. */
  canServe(dueAt: number | null): boolean
}

/** Tells whether a place can be waited at: the next completion may open it, or it is known to open in time. Source: B10. */
export const canOpen = (found: ReadonlyArray<Obstacle>, dueAt: number | null): boolean =>
  found.some(
    ({ reason, until, isFailing }) =>
      reason === "saturated" || (isFailing !== true && until !== null && (dueAt === null || until < dueAt)),
  )

/** Gives when the first of some obstacles ends by itself, or `null` where that is not known of any. */
export const earliestEnd = (found: ReadonlyArray<Obstacle>): number | null =>
  found.reduce<number | null>(
    (first, { until }) => (until === null || (first !== null && first <= until) ? first : until),
    null,
  )

/** Looks at what stands in the way of a waiter. */
export const outlookOf = (
  group: Group,
  asked: Asked,
  { only, ofChannel }: { readonly only: string | undefined; readonly ofChannel: Obstacle | null },
): Outlook => {
  const found = ofChannel === null ? obstacles(group, asked, only) : [ofChannel]
  const until = earliestEnd(found)
  const paced = found.find((one) => (one.reason === "rpm" || one.reason === "tpm") && one.until === until)
  return {
    until,
    paced: paced?.account === undefined ? undefined : accountOf(group, paced.account),
    canServe: (dueAt) => canOpen(found, dueAt),
  }
}
