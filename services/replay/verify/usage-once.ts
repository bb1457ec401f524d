import { contextOf } from "@sluice/actors/group/group.ts"
import type { Check } from "./invariant.ts"

/** Each attempt is metered at most once, while it holds its lease. Source: D3. */
export const checkUsage = (): Check => ({
  name: "usage",
  looks: {
    "account.usage_recorded": ({ actor, lease }, { group }) => {
      const account = group?.accounts.get(actor)
      if (account === undefined) return undefined
      const known = contextOf(account).leases.get(lease)
      if (known === undefined) return `${lease} is metered on ${actor}, which does not hold it`
      return known.metered ? `${lease} is metered twice on ${actor}` : undefined
    },
  },
})
