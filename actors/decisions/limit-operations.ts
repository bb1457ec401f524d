import type { Fact } from "@sluice/events/commit.ts"
import {
  type AdaptiveBounds,
  isAdaptive,
  type LimitMode,
} from "@sluice/events/configuration/adaptive-limit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { Equal } from "effect"
import { accountOf, channelOf, contextOf, type Group } from "../group/group.ts"
import type { LimitHolder } from "../limit/learned-limit.ts"
import { learn } from "../limit/learning.ts"
import type { Decision, Forget, SetLimit } from "./command.ts"

const open: AdaptiveBounds = { algorithm: null, initial: null, min: null, max: null }

const nothing: Decision = { kind: "facts", facts: [] }

/**
 * Returns the actor whose limit leaves no place for another one, or `undefined`: a channel learns only where none of its accounts has a limit.
 *
 * Source: F5.
 */
export const limitInTheWay = (
  group: Group,
  { account: id, limit }: Pick<SetLimit, "account" | "limit">,
): string | undefined => {
  const { mode, config } = channelOf(group)
  if (id !== undefined) return isAdaptive(mode) ? actorName("channel", config?.id ?? "") : undefined
  if (limit !== "adaptive") return undefined
  const [actor] = [...group.accounts].find(([, one]) => hasLimit(contextOf(one))) ?? []
  return actor
}

const hasLimit = ({ mode, removed }: LimitHolder & { readonly removed: boolean }): boolean =>
  mode !== null && !removed

/** A limit that an operator changes, with what the configuration says of it. */
interface Operated {
  readonly holder: LimitHolder
  readonly configured: LimitMode
}

const operatedOf = (group: Group, account: string | undefined): Operated => {
  if (account === undefined) {
    const holder = channelOf(group)
    return { holder, configured: holder.config?.maxConcurrent ?? null }
  }
  const holder = contextOf(accountOf(group, account))
  return { holder, configured: holder.config?.concurrency ?? null }
}

/** Makes the limit of a channel or an account a number or one that is learned; the same again is no change, and so is one for which there is no place. Source: F5, S6. */
export const setLimit = (group: Group, command: SetLimit, now: number): Decision => {
  const { account, limit, usual, by } = command
  const operated = operatedOf(group, account)
  const { mode: from, learning } = operated.holder
  const to = limit === "adaptive" ? { adaptive: boundsOf(operated, usual) } : limit
  if (Equal.equals(from, to) || limitInTheWay(group, command) !== undefined) return nothing
  const inForce = typeof to === "number" ? to : learn(to.adaptive, learning).limit
  const changed = { at: now, by, from, to, limit: inForce }
  return told(group, account, {
    ofChannel: (actor) => ({ ...changed, actor, type: "channel.mode_changed" }),
    ofAccount: (actor) => ({ ...changed, actor, type: "account.mode_changed" }),
  })
}

/** A limit that is learned has the bounds that it has or was configured with, else the usual ones. */
const boundsOf = (
  { holder: { mode }, configured }: Operated,
  usual: AdaptiveBounds = open,
): AdaptiveBounds => {
  if (isAdaptive(mode)) return mode.adaptive
  return isAdaptive(configured) ? configured.adaptive : usual
}

/** Begins to learn the limit of a channel or an account anew: counts and what was learned are gone, the kind of limit stays. Source: S6. */
export const forget = (group: Group, { account, usual, by }: Forget, now: number): Decision => {
  const operated = operatedOf(group, account)
  const { limit: initial } = learn(boundsOf(operated, usual))
  const reset = { at: now, by, from: operated.holder.learning?.limit ?? initial, to: initial }
  return told(group, account, {
    ofChannel: (actor) => ({ ...reset, actor, type: "channel.learning_reset" }),
    ofAccount: (actor) => ({ ...reset, actor, type: "account.learning_reset" }),
  })
}

const told = (
  group: Group,
  account: string | undefined,
  fact: {
    readonly ofChannel: (actor: `channel/${string}`) => Fact
    readonly ofAccount: (actor: `account/${string}`) => Fact
  },
): Decision => ({
  kind: "facts",
  facts: [
    account === undefined
      ? fact.ofChannel(actorName("channel", channelOf(group).config?.id ?? ""))
      : fact.ofAccount(actorName("account", account)),
  ],
})
