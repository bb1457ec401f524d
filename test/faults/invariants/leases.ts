import type { LogInvariant } from "./log-invariant.ts"

/** Each lease is granted once and ends once, on its channel and on its account. Source: A9. */
export const eachLeaseEndsOnce = (): LogInvariant => {
  const open = new Set<string>()
  const ended = new Set<string>()
  return {
    take: (fact) => {
      switch (fact.type) {
        case "channel.acquired":
        case "account.acquired": {
          const lease = `${kindOf(fact.type)} ${fact.lease}`
          if (open.has(lease) || ended.has(lease)) return `A9: ${lease} is granted twice`
          open.add(lease)
          return undefined
        }
        case "channel.released":
        case "account.released":
        case "channel.expired":
        case "account.expired": {
          const lease = `${kindOf(fact.type)} ${fact.lease}`
          if (ended.has(lease)) return `A9: ${lease} ends twice`
          if (!open.delete(lease)) return `A9: ${lease} ends and was never granted`
          ended.add(lease)
          return undefined
        }
        default:
          return undefined
      }
    },
    left: () => [...open].map((lease) => `A9: ${lease} never ends`),
  }
}

const kindOf = (type: string): string => type.slice(0, type.indexOf("."))
