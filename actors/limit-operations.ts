import type { AccountFact } from "@sluice/events/account.ts"
import { type AdaptiveBounds, isAdaptive } from "@sluice/events/adaptive-limit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { Equal } from "effect"
import type { AccountContext } from "./account-context.ts"
import type { Decision, Forget, SetLimit } from "./command.ts"
import { accountOf, contextOf, type Group } from "./group.ts"
import { learn } from "./learning.ts"

const open: AdaptiveBounds = { algorithm: null, initial: null, min: null, max: null }

/** Makes the limit of an account a number or one that is learned; the same again is no change. Source: S6. */
export const setLimit = (
  group: Group,
  { account: id, limit, usual, by }: SetLimit,
  now: number,
): Decision => {
  const { mode, config, learning } = contextOf(accountOf(group, id))
  const to = limit === "adaptive" ? { adaptive: boundsOf({ mode, config }, usual) } : limit
  if (Equal.equals(mode, to)) return { kind: "facts", facts: [] }
  const actor = actorName("account", id)
  const inForce = typeof to === "number" ? to : learn(to.adaptive, learning).limit
  const facts: ReadonlyArray<AccountFact> = [
    { actor, type: "account.mode_changed", at: now, by, from: mode, to, limit: inForce },
  ]
  return { kind: "facts", facts }
}

/** A limit that is learned has the bounds that it has or was configured with, else the usual ones. */
const boundsOf = (
  { mode, config }: Pick<AccountContext, "mode" | "config">,
  usual: AdaptiveBounds = open,
): AdaptiveBounds => {
  if (isAdaptive(mode)) return mode.adaptive
  const configured = config?.concurrency ?? null
  return isAdaptive(configured) ? configured.adaptive : usual
}

/** Begins to learn the limit of an account anew: counts and what was learned are gone, the kind of limit stays. Source: S6. */
export const forget = (group: Group, { account: id, usual, by }: Forget, now: number): Decision => {
  const { learning, mode, config } = contextOf(accountOf(group, id))
  const { limit: initial } = learn(boundsOf({ mode, config }, usual))
  const actor = actorName("account", id)
  const from = learning?.limit ?? initial
  const facts: ReadonlyArray<AccountFact> = [
    { actor, type: "account.learning_reset", at: now, by, from, to: initial },
  ]
  return { kind: "facts", facts }
}
