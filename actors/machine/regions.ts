import type { MachineContext } from "./live-actor.ts"

/** What the regions of channels and accounts look at. */
interface Lived {
  readonly config: { readonly enabled: boolean } | null
  readonly removed: boolean
  readonly leases: { readonly size: number }
  readonly cooldown: object | null
  readonly ramp?: object | null
}

const isCooling = ({ cooldown }: Lived): boolean => cooldown !== null
const isRecovering = ({ cooldown, ramp = null }: Lived): boolean => cooldown === null && ramp !== null
const isUnwell = ({ cooldown, ramp = null }: Lived): boolean => cooldown !== null || ramp !== null
const isEnabled = ({ config, removed }: Lived): boolean => config?.enabled === true && !removed
const isIdle = ({ leases }: Lived): boolean => leases.size === 0

/** Returns a predicate of a ledger as the guard of a transition. */
export const when =
  <Ledger>(holds: (ledger: Ledger) => boolean) =>
  ({ context }: { readonly context: MachineContext<Ledger> }): boolean =>
    holds(context.ledger)

/** Returns the guard that is true where a predicate of a ledger is not. */
export const unless =
  <Ledger>(holds: (ledger: Ledger) => boolean) =>
  ({ context }: { readonly context: MachineContext<Ledger> }): boolean =>
    !holds(context.ledger)

/** The region that tells whether an actor cools, or comes back from it. Source: L1, C5, C6. */
export const healthRegion = {
  initial: "healthy",
  states: {
    healthy: { always: { target: "cooling", guard: when(isUnwell) } },
    cooling: {
      always: [
        { target: "healthy", guard: unless(isUnwell) },
        { target: "recovering", guard: when(isRecovering) },
      ],
    },
    recovering: {
      always: [
        { target: "healthy", guard: unless(isUnwell) },
        { target: "cooling", guard: when(isCooling) },
      ],
    },
  },
} as const

/** The region that tells whether an actor takes new work, finishes what it has, or neither. Source: L1, A10. */
export const lifecycleRegion = {
  initial: "disabled",
  states: {
    enabled: { always: { target: "draining", guard: unless(isEnabled) } },
    draining: {
      always: [
        { target: "enabled", guard: when(isEnabled) },
        { target: "disabled", guard: when(isIdle) },
      ],
    },
    disabled: { always: { target: "enabled", guard: when(isEnabled) } },
  },
} as const
