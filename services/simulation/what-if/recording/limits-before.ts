import { isAdaptive, type LimitMode } from "@sluice/events/configuration/adaptive-limit.ts"
import type { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { idOf } from "@sluice/events/identifier.ts"
import { learnedIn, type UseFact } from "../channel-use.ts"

/** What was known of the limits of accounts before a time. */
export interface LimitsBefore {
  /** What was learned last, by account. */
  readonly learned: ReadonlyMap<string, number>
  /** What an operator had set by hand, by account. */
  readonly set: ReadonlyMap<string, LimitMode>
}

/** Finds what was known of limits when a time began; facts of an account stand in their order. */
export const limitsBefore = (facts: Iterable<UseFact>, beforeMs: number): LimitsBefore => {
  const learned = new Map<string, number>()
  const set = new Map<string, LimitMode>()
  for (const fact of facts) {
    if (fact.at >= beforeMs || !("actor" in fact)) continue
    const account = idOf(fact.actor)
    if (fact.type === "account.limit_adjusted" || fact.type === "account.learning_reset")
      learned.set(account, fact.to)
    else if (fact.type === "account.configured") set.delete(account)
    else if (fact.type === "account.mode_changed") {
      set.set(account, fact.to)
      if (fact.limit !== undefined) learned.set(account, fact.limit)
    } else if (fact.type === "account.checkpointed") {
      const limit = learnedIn(fact.context["learning"])
      if (limit !== null) learned.set(account, limit)
    }
  }
  return { learned, set }
}

/** Lets limits that are learned begin where they were, and those that were set by hand be what they were. */
export const withLimits = (wanted: ConfigurationFile, { learned, set }: LimitsBefore): ConfigurationFile => ({
  ...wanted,
  channels: wanted.channels.map((channel) => ({
    ...channel,
    accounts: channel.accounts.map((account) => {
      const concurrency = set.get(account.id) ?? account.concurrency
      const initial = learned.get(account.id)
      if (!isAdaptive(concurrency) || initial === undefined) return { ...account, concurrency }
      return { ...account, concurrency: { adaptive: { ...concurrency.adaptive, initial } } }
    }),
  })),
})
