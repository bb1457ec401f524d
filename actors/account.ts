import type { AccountFact } from "@sluice/events/account.ts"
import type { AccountConfiguration } from "@sluice/events/configuration.ts"
import type { Estimate } from "@sluice/events/field.ts"
import { assign, setup } from "xstate"
import { begin, type Cooldown, extend } from "./cooldown.ts"
import { hasRoom } from "./limit.ts"
import { refuseUnknownFact } from "./live-actor.ts"
import { healthRegion, lifecycleRegion } from "./regions.ts"

/** A slot of the account, held by one attempt. Source: A9. */
export interface AccountLease {
  readonly request: string
  readonly attempt: number
  readonly lease: string
  readonly client: string
  readonly model: string
  readonly estimate: Estimate
  readonly acquiredAt: number
  /** Whether its usage is recorded. Source: D3. */
  readonly metered: boolean
}

/** All that an account's facts say about it. `leases` changes in place: the actor is its only owner. */
export interface AccountContext {
  readonly config: AccountConfiguration | null
  readonly channel: string
  readonly revision: number
  readonly removed: boolean
  readonly leases: Map<string, AccountLease>
  readonly lastUsedAt: number
  readonly cooldown: Cooldown | null
  /** How many cooldowns in a row, without a success between them. Source: C4. */
  readonly consecutive: number
  /** When the last of them ended. */
  readonly cooledAt: number
}

type Of<T extends AccountFact["type"]> = Extract<AccountFact, { type: T }>
type Evolve = {
  readonly [T in AccountFact["type"]]: (context: AccountContext, fact: Of<T>) => Partial<AccountContext>
}

const unchanged = {}

const evolve: Evolve = {
  "account.configured": (_, { config, channel, revision }) => ({ config, channel, revision, removed: false }),
  "account.removed": () => ({ removed: true }),
  "account.acquired": ({ leases }, { request, attempt, lease, client, model, estimate, at }) => {
    leases.set(lease, { request, attempt, lease, client, model, estimate, acquiredAt: at, metered: false })
    return { lastUsedAt: at }
  },
  "account.released": ({ leases, consecutive, cooldown, cooledAt }, { lease, outcome, startedAt }) => {
    leases.delete(lease)
    // A success of an attempt that began before the cooldown says nothing of the time after it.
    const proves = outcome === "ok" && consecutive > 0 && cooldown === null && startedAt >= cooledAt
    return proves ? { consecutive: 0 } : unchanged
  },
  "account.expired": ({ leases }, { lease }) => {
    leases.delete(lease)
    return unchanged
  },
  "account.usage_recorded": ({ leases }, { lease }) => {
    const held = leases.get(lease)
    if (held !== undefined) leases.set(lease, { ...held, metered: true })
    return unchanged
  },
  "account.cooldown_started": (_, fact) => ({ cooldown: begin(fact), consecutive: fact.consecutive }),
  "account.cooldown_extended": ({ cooldown }, fact) => ({ cooldown: extend(cooldown, fact) }),
  "account.cooldown_ended": (_, { at }) => ({ cooldown: null, cooledAt: at }),
}

interface Step {
  readonly context: AccountContext
}

const isFull = ({ context }: Step): boolean =>
  !hasRoom(context.config?.concurrency ?? null, context.leases.size)

/**
 * An account, driven by its facts alone: whether it has a slot, how healthy it is, and where it stands in its life.
 *
 * Source: L1, L2.
 */
export const accountMachine = setup({
  types: { context: {} as AccountContext, events: {} as AccountFact },
  actions: {
    evolve: assign(({ context, event }) => evolve[event.type](context, event as never)),
    refuseUnknownFact,
  },
}).createMachine({
  id: "account",
  context: () => ({
    config: null,
    channel: "",
    revision: 0,
    removed: false,
    leases: new Map(),
    lastUsedAt: 0,
    cooldown: null,
    consecutive: 0,
    cooledAt: 0,
  }),
  type: "parallel",
  on: {
    "account.configured": { actions: "evolve" },
    "account.removed": { actions: "evolve" },
    "account.acquired": { actions: "evolve" },
    "account.released": { actions: "evolve" },
    "account.expired": { actions: "evolve" },
    "account.usage_recorded": { actions: "evolve" },
    "account.cooldown_started": { actions: "evolve" },
    "account.cooldown_extended": { actions: "evolve" },
    "account.cooldown_ended": { actions: "evolve" },
    "*": { actions: "refuseUnknownFact" },
  },
  states: {
    admission: {
      initial: "open",
      states: {
        open: { always: { target: "saturated", guard: isFull } },
        saturated: { always: { target: "open", guard: (step: Step) => !isFull(step) } },
      },
    },
    health: healthRegion,
    lifecycle: lifecycleRegion,
  },
})
