import type { healthRegion, lifecycleRegion } from "./regions.ts"

/** The states of the regions that channels and accounts share. Source: L1. */
export type SharedStates = {
  readonly health: keyof typeof healthRegion.states
  readonly lifecycle: keyof typeof lifecycleRegion.states
}

interface Stateful {
  getSnapshot(): { readonly value: SharedStates }
}

/** True if an actor takes new work: it is configured, enabled and not removed. Source: A10. */
export const takesWork = (actor: Stateful): boolean => actor.getSnapshot().value.lifecycle === "enabled"

/** True if an actor cools. Source: C3, C5, C9. */
export const isCooling = (actor: Stateful): boolean => actor.getSnapshot().value.health === "cooling"

/** True if an actor comes back from a cooldown. Source: C6. */
export const isRecovering = (actor: Stateful): boolean => actor.getSnapshot().value.health === "recovering"
