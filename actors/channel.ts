import type { ChannelFact } from "@sluice/events/channel.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration.ts"
import type { RequestClass } from "@sluice/events/field.ts"
import { assign, setup } from "xstate"
import { begin, type Cooldown, extend } from "./cooldown.ts"
import { Lanes } from "./lanes.ts"
import { hasRoom } from "./limit.ts"
import { refuseUnknownFact } from "./live-actor.ts"
import { healthRegion, lifecycleRegion } from "./regions.ts"

/** A slot of the channel, held by one attempt. Source: A9. */
export interface ChannelLease {
  readonly request: string
  readonly attempt: number
  readonly lease: string
  readonly account: string
  readonly client: string
  readonly class: RequestClass
  readonly model: string
  readonly acquiredAt: number
}

/** All that a channel's facts say about it. `leases` and `lanes` change in place: the actor is their only owner. */
export interface ChannelContext {
  readonly config: ChannelConfiguration | null
  readonly revision: number
  readonly removed: boolean
  readonly leases: Map<string, ChannelLease>
  readonly lanes: Lanes
  readonly cooldown: Cooldown | null
}

type Of<T extends ChannelFact["type"]> = Extract<ChannelFact, { type: T }>
type Evolve = {
  readonly [T in ChannelFact["type"]]: (context: ChannelContext, fact: Of<T>) => Partial<ChannelContext>
}

const unchanged = {}

const endLease = ({ leases }: ChannelContext, fact: Of<"channel.released" | "channel.expired">) => {
  leases.delete(fact.lease)
  return unchanged
}

const leaveQueue = ({ lanes }: ChannelContext, fact: Of<"channel.timed_out" | "channel.abandoned">) => {
  lanes.leave(fact.request)
  return unchanged
}

const evolve: Evolve = {
  "channel.configured": (_, { config, revision }) => ({ config, revision, removed: false }),
  "channel.removed": () => ({ removed: true }),
  "channel.queued": ({ lanes }, { actor: _actor, type: _type, at, depth: _depth, ...place }) => {
    lanes.add({ ...place, queuedAt: at })
    return unchanged
  },
  "channel.acquired": (
    { lanes, leases },
    { request, attempt, lease, account, client, class: of, model, at },
  ) => {
    lanes.serve(request)
    leases.set(lease, { request, attempt, lease, account, client, class: of, model, acquiredAt: at })
    return unchanged
  },
  "channel.rejected": () => unchanged,
  "channel.timed_out": leaveQueue,
  "channel.abandoned": leaveQueue,
  "channel.released": endLease,
  "channel.expired": endLease,
  "channel.cooldown_started": (_, fact) => ({ cooldown: begin(fact) }),
  "channel.cooldown_extended": ({ cooldown }, fact) => ({ cooldown: extend(cooldown, fact) }),
  "channel.cooldown_ended": () => ({ cooldown: null }),
}

interface Step {
  readonly context: ChannelContext
}

const isQueueing = ({ context }: Step): boolean => context.lanes.size > 0
const isFull = ({ context }: Step): boolean =>
  !hasRoom(context.config?.maxConcurrent ?? null, context.leases.size)

const isServed = (step: Step): boolean => !isQueueing(step)
const isBusy = (step: Step): boolean => isFull(step) || isQueueing(step)
const isOpen = (step: Step): boolean => !isBusy(step)

/**
 * A channel, driven by its facts alone: what it admits, how healthy it is, and where it stands in its life.
 *
 * Source: L1, L2.
 */
export const channelMachine = setup({
  types: { context: {} as ChannelContext, events: {} as ChannelFact },
  actions: {
    evolve: assign(({ context, event }) => evolve[event.type](context, event as never)),
    refuseUnknownFact,
  },
}).createMachine({
  id: "channel",
  context: () => ({
    config: null,
    revision: 0,
    removed: false,
    leases: new Map(),
    lanes: new Lanes(),
    cooldown: null,
  }),
  type: "parallel",
  on: {
    "channel.configured": { actions: "evolve" },
    "channel.removed": { actions: "evolve" },
    "channel.queued": { actions: "evolve" },
    "channel.acquired": { actions: "evolve" },
    "channel.rejected": {},
    "channel.timed_out": { actions: "evolve" },
    "channel.abandoned": { actions: "evolve" },
    "channel.released": { actions: "evolve" },
    "channel.expired": { actions: "evolve" },
    "channel.cooldown_started": { actions: "evolve" },
    "channel.cooldown_extended": { actions: "evolve" },
    "channel.cooldown_ended": { actions: "evolve" },
    "*": { actions: "refuseUnknownFact" },
  },
  states: {
    admission: {
      initial: "open",
      states: {
        open: { always: { target: "saturated", guard: isBusy } },
        saturated: {
          always: [
            { target: "queueing", guard: isQueueing },
            { target: "open", guard: isOpen },
          ],
        },
        queueing: { always: { target: "saturated", guard: isServed } },
      },
    },
    health: healthRegion,
    lifecycle: lifecycleRegion,
  },
})
