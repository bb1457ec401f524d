import type { LogInvariant } from "./log-invariant.ts"

interface Waiting {
  readonly lane: string
  readonly arrivedAt: number
  readonly place: number
}

/** Inside a lane nobody overtakes, and every wait ends. Source: A7. */
export const orderInLanes = (): LogInvariant => {
  const waiting = new Map<string, Waiting>()
  let places = 0
  return {
    take: (fact) => {
      switch (fact.type) {
        case "channel.queued":
          if (waiting.has(fact.request)) return `A6: ${fact.request} waits twice`
          waiting.set(fact.request, {
            lane: `${fact.actor} ${fact.lane}`,
            arrivedAt: fact.arrivedAt,
            place: (places += 1),
          })
          return undefined
        case "channel.timed_out":
        case "channel.abandoned":
          if (!waiting.delete(fact.request)) return `A8: ${fact.request} leaves and does not wait`
          return undefined
        case "channel.acquired": {
          const served = waiting.get(fact.request)
          waiting.delete(fact.request)
          if (served === undefined) return undefined
          const overtaken = [...waiting].find(([, other]) => isBefore(other, served))
          return overtaken && `A7: ${fact.request} is served before ${overtaken[0]} of its lane`
        }
        default:
          return undefined
      }
    },
    left: () => [...waiting.keys()].map((request) => `A8: ${request} waits for ever`),
  }
}

const isBefore = (one: Waiting, other: Waiting): boolean =>
  one.lane === other.lane &&
  (one.arrivedAt < other.arrivedAt || (one.arrivedAt === other.arrivedAt && one.place < other.place))
