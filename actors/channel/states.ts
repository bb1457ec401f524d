import type { ChannelFact } from "@sluice/events/channel.ts"
import type { LiveActor, MachineContext } from "../machine/live-actor.ts"
import type { SharedStates } from "../machine/states.ts"
import type { ChannelContext } from "./ledger.ts"

/** The states of a channel's regions. Source: L1. */
export type ChannelStates = SharedStates & { readonly admission: "open" | "saturated" | "queueing" }

/** A running channel. */
export type ChannelActor = LiveActor<MachineContext<ChannelContext>, ChannelFact, ChannelStates>

/** True if somebody waits at the channel. Source: A6. */
export const isQueueing = (channel: ChannelActor): boolean =>
  channel.getSnapshot().value.admission === "queueing"

/** True if the channel has a free slot of its limit in force, and nobody waits for it. Source: A2. */
export const isOpen = (channel: ChannelActor): boolean => channel.getSnapshot().value.admission === "open"
