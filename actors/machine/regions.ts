import type { MachineContext } from "./live-actor.ts"

interface Lived {
  readonly config: { readonly enabled: boolean } | null
  readonly removed: boolean
  readonly leases: { readonly size: number }
  readonly cooldown: object | null
  readonly ramp?: object | null
}

interface Step {
  readonly context: MachineContext<Lived>
}

const isCooling = ({ context }: Step): boolean => context.ledger.cooldown !== null
const isRecovering = ({ context }: Step): boolean =>
  context.ledger.cooldown === null && (context.ledger.ramp ?? null) !== null
const isUnwell = ({ context }: Step): boolean =>
  context.ledger.cooldown !== null || (context.ledger.ramp ?? null) !== null
const isHealthy = (step: Step): boolean => !isUnwell(step)
const isEnabled = ({ context }: Step): boolean =>
  context.ledger.config?.enabled === true && !context.ledger.removed
const isClosed = (step: Step): boolean => !isEnabled(step)
const isIdle = ({ context }: Step): boolean => context.ledger.leases.size === 0

/** The region that tells whether an actor cools, or comes back from it. Source: L1, C5, C6. */
export const healthRegion = {
  initial: "healthy",
  states: {
    healthy: { always: { target: "cooling", guard: isUnwell } },
    cooling: {
      always: [
        { target: "healthy", guard: isHealthy },
        { target: "recovering", guard: isRecovering },
      ],
    },
    recovering: {
      always: [
        { target: "healthy", guard: isHealthy },
        { target: "cooling", guard: isCooling },
      ],
    },
  },
} as const

/** The region that tells whether an actor takes new work, finishes what it has, or neither. Source: L1, A10. */
export const lifecycleRegion = {
  initial: "disabled",
  states: {
    enabled: { always: { target: "draining", guard: isClosed } },
    draining: {
      always: [
        { target: "enabled", guard: isEnabled },
        { target: "disabled", guard: isIdle },
      ],
    },
    disabled: { always: { target: "enabled", guard: isEnabled } },
  },
} as const
