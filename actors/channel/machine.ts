import type { ChannelFact } from "@sluice/events/channel.ts"
import { assign, setup } from "xstate"
import { ownLimitOf } from "../limit/learned-limit.ts"
import { hasRoom } from "../limit/limit.ts"
import { factLogic } from "../machine/fact-logic.ts"
import { changed, type MachineContext, refuseUnknownFact } from "../machine/live-actor.ts"
import { healthRegion, lifecycleRegion, unless, when } from "../machine/regions.ts"
import { type ChannelContext, evolveChannel, newChannel } from "./ledger.ts"

const evolve = (ledger: ChannelContext, fact: ChannelFact): Partial<ChannelContext> =>
  evolveChannel[fact.type](ledger, fact as never)

const evolves = { actions: "evolve" } as const

const isQueueing = ({ lanes }: ChannelContext): boolean => lanes.size > 0
const isFull = (channel: ChannelContext): boolean => !hasRoom(ownLimitOf(channel), channel.leases.size)
const isBusy = (channel: ChannelContext): boolean => isFull(channel) || isQueueing(channel)

/**
 * A channel, driven by its facts alone: what it admits, how healthy it is, and where it stands in its life.
 *
 * Source: L1, L2.
 */
export const channelMachine = setup({
  types: { context: {} as MachineContext<ChannelContext>, events: {} as ChannelFact },
  actions: {
    evolve: assign(({ context: { ledger }, event }) => changed(ledger, evolve(ledger, event))),
    refuseUnknownFact,
  },
}).createMachine({
  id: "channel",
  context: () => ({ ledger: newChannel() }),
  type: "parallel",
  on: {
    "channel.configured": evolves,
    "channel.removed": evolves,
    "channel.queued": evolves,
    "channel.acquired": evolves,
    "channel.accepted": evolves,
    "channel.rejected": {},
    "channel.settled": evolves,
    "channel.reset": evolves,
    "channel.timed_out": evolves,
    "channel.abandoned": evolves,
    "channel.released": evolves,
    "channel.expired": evolves,
    "channel.limit_adjusted": evolves,
    "channel.mode_changed": evolves,
    "channel.learning_reset": evolves,
    "channel.cooldown_started": evolves,
    "channel.cooldown_extended": evolves,
    "channel.cooldown_ended": evolves,
    "*": { actions: "refuseUnknownFact" },
  },
  states: {
    admission: {
      initial: "open",
      states: {
        open: { always: { target: "saturated", guard: when(isBusy) } },
        saturated: {
          always: [
            { target: "queueing", guard: when(isQueueing) },
            { target: "open", guard: unless(isBusy) },
          ],
        },
        queueing: { always: { target: "saturated", guard: unless(isQueueing) } },
      },
    },
    health: healthRegion,
    lifecycle: lifecycleRegion,
  },
})

/** What a running channel does with a fact. */
export const channelLogic = factLogic(channelMachine, evolve)
