import type { LogInvariant } from "./log-invariant.ts"

/** Each request is told of as over once, whoever tells it. Source: L7. */
export const eachRequestEndsOnce = (): LogInvariant => {
  const ended = new Set<string>()
  return {
    take: (fact) => {
      if (fact.type !== "request.completed") return undefined
      if (ended.has(fact.request)) return `L7: ${fact.request} is completed twice`
      ended.add(fact.request)
      return undefined
    },
    left: () => [],
  }
}
