import type { AccountFact } from "@sluice/events/account.ts"
import { type AdaptiveLimit, isAdaptive, type LimitMode } from "@sluice/events/adaptive-limit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { Equal } from "effect"
import type { AccountContext } from "./account-context.ts"
import type { Decision, Forget, SetLimit } from "./command.ts"
import { accountOf, contextOf, type Group } from "./group.ts"
import { learn } from "./learning.ts"

const bounded: AdaptiveLimit = {
  adaptive: { algorithm: null, initial: null, min: null, max: null },
}

/** Makes the limit of an account a number or one that is learned; the same again is no change. Source: S6. */
export const setLimit = (group: Group, { account: id, limit, by }: SetLimit, now: number): Decision => {
  const { mode, config } = contextOf(accountOf(group, id))
  const to = limit === "adaptive" ? learnedModeOf({ mode, config }) : limit
  if (Equal.equals(mode, to)) return { kind: "facts", facts: [] }
  const actor = actorName("account", id)
  const facts: ReadonlyArray<AccountFact> = [
    { actor, type: "account.mode_changed", at: now, by, from: mode, to },
  ]
  return { kind: "facts", facts }
}

/** A limit that is learned has the bounds that it has or was configured with, else the usual ones. */
const learnedModeOf = ({ mode, config }: Pick<AccountContext, "mode" | "config">): LimitMode => {
  if (isAdaptive(mode)) return mode
  const configured = config?.concurrency ?? null
  return isAdaptive(configured) ? configured : bounded
}

/** Begins to learn the limit of an account anew: counts and what was learned are gone, the kind of limit stays. Source: S6. */
export const forget = (group: Group, { account: id, by }: Forget, now: number): Decision => {
  const { learning, mode } = contextOf(accountOf(group, id))
  const { limit: initial } = learn(isAdaptive(mode) ? mode.adaptive : bounded.adaptive)
  const actor = actorName("account", id)
  const from = learning?.limit ?? initial
  const facts: ReadonlyArray<AccountFact> = [
    { actor, type: "account.learning_reset", at: now, by, from, to: initial },
  ]
  return { kind: "facts", facts }
}
