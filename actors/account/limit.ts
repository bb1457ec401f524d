import type { RequestClass } from "@sluice/events/field.ts"
import { ceilingAt, learningOf, ownLimitOf, wholeOf } from "../limit/learned-limit.ts"
import { isSettled } from "../limit/learning.ts"
import { type Limit, tighter } from "../limit/limit.ts"
import { openToNew } from "../rules/reservation.ts"
import type { AccountContext } from "./context.ts"

/** Returns the limit in force: what is configured or learned, or what a rejection or a slow start has left of it. Source: A2, C3, C6, F4. */
export const slotsOf = (account: AccountContext): Limit => {
  const { lowered, ramp } = account
  const own = ownLimitOf(account)
  if (lowered === null && ramp === null) return own
  return tighter(tighter(own, lowered?.limit ?? null), ramp?.limit ?? null)
}

/** Returns the part of the limit that a request of a class may use now; on an account that learns, a test of what is above the limit may go too. Source: A4, F1. */
export const slotsFor = (account: AccountContext, requestClass: RequestClass, now: number): Limit =>
  partFor(account, requestClass, slotsNow(account, now))

/** Returns the part of the limit that new requests may use, without tests. Source: A4. */
export const slotsForNew = (account: AccountContext): Limit => partFor(account, "new", slotsOf(account))

const partFor = (account: AccountContext, requestClass: RequestClass, inForce: Limit): Limit => {
  const { config, leases, seen } = account
  const limit = wholeOf(account)
  if (requestClass === "bound" || config === null || limit === null || inForce === null) return inForce
  if (config.reservedConcurrency === 0) return inForce
  const learning = learningOf(account)
  return openToNew({
    reserved: config.reservedConcurrency,
    limit,
    inForce,
    inFlight: leases.size,
    seen,
    isCertain: learning === null || isSettled(learning),
  })
}

/** Returns how many may be in flight now. */
const slotsNow = (account: AccountContext, now: number): Limit => {
  if (learningOf(account) === null) return slotsOf(account)
  return tighter(ceilingAt(account, now), account.ramp?.limit ?? null)
}
