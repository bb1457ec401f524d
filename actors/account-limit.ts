import type { RequestClass } from "@sluice/events/field.ts"
import type { AccountContext } from "./account-context.ts"
import { type Limit, tighter } from "./limit.ts"
import { openToNew } from "./reservation.ts"

/** Gives the limit in force: what is configured, or what a rejection or a ramp has left of it. Source: A2, C3, C6. */
export const slotsOf = ({ config, lowered, ramp }: AccountContext): Limit => {
  const configured = config?.concurrency ?? null
  if (lowered === null && ramp === null) return configured
  return tighter(tighter(configured, lowered?.limit ?? null), ramp?.limit ?? null)
}

/** Gives the part of the limit that a request of a class may use. Source: A4. */
export const slotsFor = (account: AccountContext, requestClass: RequestClass): Limit => {
  const inForce = slotsOf(account)
  const { config, leases, seen } = account
  if (requestClass === "bound" || config === null || config.concurrency === null || inForce === null)
    return inForce
  if (config.reservedConcurrency === 0) return inForce
  return openToNew({
    reserved: config.reservedConcurrency,
    limit: config.concurrency,
    inForce,
    inFlight: leases.size,
    seen,
  })
}
