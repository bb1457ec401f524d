import type { AccountFact } from "@sluice/events/account.ts"
import type { LiveActor, MachineContext } from "../machine/live-actor.ts"
import type { SharedStates } from "../machine/states.ts"
import type { WindowState } from "../rules/window.ts"
import type { AccountContext } from "./context.ts"

/** The states of an account's regions. Source: L1. */
export type AccountStates = SharedStates & {
  readonly admission: "open" | "saturated"
  readonly learning: "off" | "searching" | "settled"
  readonly window: WindowState
  readonly suspension: "none" | "suspended"
}

/** A running account. */
export type AccountActor = LiveActor<MachineContext<AccountContext>, AccountFact, AccountStates>

/** True if the provider refuses the account's credential. Source: C7. */
export const isSuspended = (account: AccountActor): boolean =>
  account.getSnapshot().value.suspension === "suspended"

/** True if every slot of the account's limit in force is taken. Source: A2. */
export const isSaturated = (account: AccountActor): boolean =>
  account.getSnapshot().value.admission === "saturated"

/** True if the account learns its limit, so that attempts may test what is above it. Source: F1. */
export const isLearning = (account: AccountActor): boolean => account.getSnapshot().value.learning !== "off"
