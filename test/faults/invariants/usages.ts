import type { LogInvariant } from "./log-invariant.ts"

/** What is known of the usages in a log. */
export interface Usages extends LogInvariant {
  has(lease: string): boolean
}

/** Each lease is metered at most once, and before it ends. Source: D3. */
export const eachUsageOnce = (): Usages => {
  const metered = new Set<string>()
  return {
    has: (lease) => metered.has(lease),
    take: (fact) => {
      if (fact.type !== "account.usage_recorded") return undefined
      if (metered.has(fact.lease)) return `D3: the lease ${fact.lease} is metered twice`
      metered.add(fact.lease)
      return undefined
    },
    left: () => [],
  }
}
