import type { AccountFact } from "@sluice/events/account.ts"
import { assign, setup } from "xstate"
import { learningOf } from "../limit/learned-limit.ts"
import { isSettled } from "../limit/learning.ts"
import { hasRoom } from "../limit/limit.ts"
import { factLogic } from "../machine/fact-logic.ts"
import { changed, type MachineContext, refuseUnknownFact } from "../machine/live-actor.ts"
import { healthRegion, lifecycleRegion, unless, when } from "../machine/regions.ts"
import { type AccountContext, newAccount } from "./context.ts"
import { evolveAccount } from "./ledger.ts"
import { slotsOf } from "./limit.ts"

const isFull = (account: AccountContext): boolean => !hasRoom(slotsOf(account), account.leases.size)
const isLearning = (account: AccountContext): boolean => learningOf(account) !== null
const isKnown = (account: AccountContext): boolean => {
  const learning = learningOf(account)
  return learning !== null && isSettled(learning)
}

const windowIs =
  (state: AccountContext["windowState"]) =>
  ({ event }: { readonly event: AccountFact }): boolean =>
    event.type === "account.window_state" && event.state === state

const evolve = (ledger: AccountContext, fact: AccountFact): Partial<AccountContext> =>
  evolveAccount[fact.type](ledger, fact as never)

const evolves = { actions: "evolve" } as const

/**
 * An account, driven by its facts alone: whether it has a slot, whether its limit is known, how healthy it is, where it stands in its life and in its window of cost, and whether its credential is good.
 *
 * Source: L1, L2.
 */
export const accountMachine = setup({
  types: { context: {} as MachineContext<AccountContext>, events: {} as AccountFact },
  actions: {
    evolve: assign(({ context: { ledger }, event }) => changed(ledger, evolve(ledger, event))),
    refuseUnknownFact,
  },
}).createMachine({
  id: "account",
  context: () => ({ ledger: newAccount() }),
  type: "parallel",
  on: {
    "account.configured": evolves,
    "account.removed": evolves,
    "account.acquired": evolves,
    "account.accepted": evolves,
    "account.released": evolves,
    "account.expired": evolves,
    "account.usage_recorded": evolves,
    "account.cooldown_started": evolves,
    "account.cooldown_extended": evolves,
    "account.cooldown_ended": evolves,
    "account.probe_failed": evolves,
    "account.ramped": evolves,
    "account.limit_adjusted": evolves,
    "account.mode_changed": evolves,
    "account.rate_adjusted": evolves,
    "account.learning_reset": evolves,
    "account.session_registered": evolves,
    "account.session_expired": evolves,
    "account.session_released": evolves,
    "account.window_opened": evolves,
    "account.window_corrected": evolves,
    "*": { actions: "refuseUnknownFact" },
  },
  // A fact that a region takes is not taken here: of a parallel machine's transitions the inner ones go first.
  states: {
    admission: {
      initial: "open",
      states: {
        open: { always: { target: "saturated", guard: when(isFull) } },
        saturated: { always: { target: "open", guard: unless(isFull) } },
      },
    },
    learning: {
      initial: "off",
      states: {
        off: { always: { target: "searching", guard: when(isLearning) } },
        searching: {
          always: [
            { target: "off", guard: unless(isLearning) },
            { target: "settled", guard: when(isKnown) },
          ],
        },
        settled: {
          always: [
            { target: "off", guard: unless(isLearning) },
            { target: "searching", guard: unless(isKnown) },
          ],
        },
      },
    },
    health: healthRegion,
    lifecycle: lifecycleRegion,
    window: {
      initial: "open",
      on: {
        "account.window_state": [
          { target: ".open", guard: windowIs("open"), ...evolves },
          { target: ".sticky_only", guard: windowIs("sticky_only"), ...evolves },
          { target: ".exhausted", guard: windowIs("exhausted"), ...evolves },
        ],
      },
      states: { open: {}, sticky_only: {}, exhausted: {} },
    },
    suspension: {
      initial: "none",
      on: {
        "account.suspended": { target: ".suspended", ...evolves },
        "account.restored": { target: ".none", ...evolves },
        "account.reset": { target: ".none", ...evolves },
      },
      states: { none: {}, suspended: {} },
    },
  },
})

/** What a running account does with a fact. */
export const accountLogic = factLogic(accountMachine, evolve)
