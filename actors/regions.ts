/** The region that tells whether an actor cools. Source: L1, C5. */
export const healthRegion = (kind: "channel" | "account") =>
  ({
    initial: "healthy",
    states: {
      healthy: { on: { [`${kind}.cooldown_started`]: "cooling" } },
      cooling: { on: { [`${kind}.cooldown_ended`]: "healthy" } },
    },
  }) as const

/** The region that tells whether an actor takes new work, finishes what it has, or neither. Source: L1, A10. */
export const lifecycleRegion = <Step extends { readonly event: object }>(
  kind: "channel" | "account",
  isIdleAfter: (step: Step) => boolean,
) => {
  const isEnabled = ({ event }: Step): boolean =>
    "config" in event && (event.config as { readonly enabled: boolean }).enabled
  const enabled = { target: "enabled", guard: isEnabled } as const
  const stays = { guard: isEnabled } as const
  const draining = { target: "draining", guard: (step: Step) => !isIdleAfter(step) } as const
  const disabled = { target: "disabled", guard: isIdleAfter } as const
  return {
    initial: "disabled",
    states: {
      enabled: {
        on: {
          [`${kind}.configured`]: [stays, draining, disabled],
          [`${kind}.removed`]: [draining, disabled],
        },
      },
      draining: {
        on: {
          [`${kind}.configured`]: enabled,
          [`${kind}.released`]: disabled,
          [`${kind}.expired`]: disabled,
        },
      },
      disabled: { on: { [`${kind}.configured`]: enabled } },
    },
  } as const
}
