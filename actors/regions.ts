interface Lived {
  readonly config: { readonly enabled: boolean } | null
  readonly removed: boolean
  readonly leases: ReadonlyMap<string, unknown>
  readonly cooldown: object | null
}

interface Step {
  readonly context: Lived
}

const isCooling = ({ context }: Step): boolean => context.cooldown !== null
const isEnabled = ({ context }: Step): boolean => context.config?.enabled === true && !context.removed
const isClosed = (step: Step): boolean => !isEnabled(step)
const isIdle = ({ context }: Step): boolean => context.leases.size === 0

/** The region that tells whether an actor cools. Source: L1, C5. */
export const healthRegion = {
  initial: "healthy",
  states: {
    healthy: { always: { target: "cooling", guard: isCooling } },
    cooling: { always: { target: "healthy", guard: (step: Step) => !isCooling(step) } },
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
