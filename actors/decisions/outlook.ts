import type { AccountActor } from "../account/states.ts"
import { accountOf, type Group } from "../group/group.ts"
import type { Denial } from "./command.ts"
import { type SlotQuery, denials } from "./denial.ts"

/** True if and when those may be served that cannot be served now. Source: B10. */
export interface Outlook {
  /** When something opens by itself, as far as that is known. */
  readonly until: number | null
  /** The account whose bucket has enough first, if it is a bucket that they wait for. */
  readonly paced: AccountActor | undefined
  /** True if one that must be served by a time can be. */
  canServe(dueAt: number | null): boolean
}

/** True if a place can be waited at: the next completion may open it, or it is known to open in time. Source: B10. */
export const canOpen = (found: ReadonlyArray<Denial>, dueAt: number | null): boolean =>
  found.some(
    ({ reason, until, isFailing }) =>
      reason === "saturated" || (isFailing !== true && until !== null && (dueAt === null || until < dueAt)),
  )

/** Returns when the first of some denials ends by itself, or `null` where that is not known of any. */
export const earliestEnd = (found: ReadonlyArray<Denial>): number | null =>
  found.reduce<number | null>(
    (first, { until }) => (until === null || (first !== null && first <= until) ? first : until),
    null,
  )

/** Looks at what stands in the way of a waiter. */
export const outlookOf = (
  group: Group,
  query: SlotQuery,
  { only, ofChannel }: { readonly only: string | undefined; readonly ofChannel: Denial | null },
): Outlook => {
  const found = ofChannel === null ? denials(group, query, only) : [ofChannel]
  const until = earliestEnd(found)
  const paced = found.find((one) => (one.reason === "rpm" || one.reason === "tpm") && one.until === until)
  return {
    until,
    paced: paced?.account === undefined ? undefined : accountOf(group, paced.account),
    canServe: (dueAt) => canOpen(found, dueAt),
  }
}
