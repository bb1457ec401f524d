import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { AccountContext } from "../account/context.ts"
import { slotsOf } from "../account/limit.ts"
import { channelOf, type Group } from "../group/group.ts"
import { nextSlowStart } from "../rules/slow-start.ts"

/** What follows when a request has tested an account that failed, and has succeeded: its cooldown ends, and its channel's, and it comes back as after any cooldown. Source: C6, C7, C9. */
export const recovered = (group: Group, account: AccountContext, now: number): ReadonlyArray<Fact> => {
  const { cooldown, config } = account
  if (cooldown === null || config === null) return []
  const channel = channelOf(group)
  const actor = actorName("account", config.id)
  const limit = nextSlowStart({ limit: 1, since: now }, slotsOf({ ...account, ramp: null }))
  const ended = { at: now, reason: "recovered" } as const
  const facts: Array<Fact> = [
    { ...ended, actor, type: "account.cooldown_ended", id: cooldown.id },
    { actor, type: "account.ramped", at: now, limit },
  ]
  if (channel.cooldown !== null) {
    const ofChannel = actorName("channel", channel.config?.id ?? "")
    facts.push({ ...ended, actor: ofChannel, type: "channel.cooldown_ended", id: channel.cooldown.id })
  }
  return facts
}
