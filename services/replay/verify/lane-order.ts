import { channelOf, type Group } from "@sluice/actors/group/group.ts"
import { demandKey } from "@sluice/actors/queue/demand.ts"
import type { Check } from "./invariant.ts"

interface Waiting {
  readonly request: string
  readonly lane: string
  readonly arrivedAt: number
}

/**
 * Inside a lane nobody overtakes: who is granted a slot is the first of its lane, and a request that did not wait finds nobody in its lane.
 *
 * The queue is kept here anew from the facts, in another way than the actors keep it. Of newcomers only those without a session are looked at, since the facts do not tell the lane of the others.
 * Source: A7.
 */
export const checkOrder = (begun: Group | undefined): Check => {
  const queue = new Queue()
  if (begun !== undefined)
    for (const waiter of channelOf(begun).lanes.all)
      queue.add({ ...waiter, lane: `${waiter.client} ${demandKey(waiter)}` })
  /** Those that got a slot of the channel without a wait, until the account's side tells their session. */
  const newcomers = new Set<string>()
  const leave = ({ request }: { readonly request: string }): undefined => void queue.remove(request)
  return {
    name: "order",
    looks: {
      "channel.queued": (fact) => {
        queue.add(fact)
        return undefined
      },
      "channel.acquired": ({ request, lease }) => {
        const first = queue.firstBefore(request)
        if (queue.remove(request) === undefined) newcomers.add(lease)
        return first && `${request} overtakes ${first.request} in the lane "${first.lane}"`
      },
      "account.acquired": ({ lease, request, client, model, session }) => {
        if (!newcomers.delete(lease) || session !== undefined) return undefined
        const first = queue.firstOf(`${client} ${demandKey({ model })}`)
        return first && `${request} passes ${first.request}, which waits in the lane "${first.lane}"`
      },
      "channel.timed_out": leave,
      "channel.abandoned": leave,
    },
  }
}

/** Those who wait, by lane in the order of their arrival. */
class Queue {
  readonly #waiting = new Map<string, Waiting>()
  readonly #lanes = new Map<string, Array<Waiting>>()

  add({ request, lane, arrivedAt }: Waiting): void {
    const waiting = { request, lane, arrivedAt }
    const line = this.#lanes.get(lane) ?? []
    this.#lanes.set(lane, line)
    let place = line.length
    while (place > 0 && (line[place - 1]?.arrivedAt ?? 0) > arrivedAt) place -= 1
    line.splice(place, 0, waiting)
    this.#waiting.set(request, waiting)
  }

  remove(request: string): Waiting | undefined {
    const waiting = this.#waiting.get(request)
    if (waiting === undefined) return undefined
    this.#waiting.delete(request)
    const line = this.#lanes.get(waiting.lane) ?? []
    line.splice(line.indexOf(waiting), 1)
    if (line.length === 0) this.#lanes.delete(waiting.lane)
    return waiting
  }

  firstOf(lane: string): Waiting | undefined {
    return this.#lanes.get(lane)?.[0]
  }

  /** Returns the first of a waiter's lane, if that is another one. */
  firstBefore(request: string): Waiting | undefined {
    const waiting = this.#waiting.get(request)
    const first = waiting && this.firstOf(waiting.lane)
    return first === waiting ? undefined : first
  }
}
