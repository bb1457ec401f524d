import { channelOf, contextOf } from "@sluice/actors/group/group.ts"
import type { Cooldown } from "@sluice/actors/rules/cooldown.ts"
import { ofModel } from "@sluice/actors/rules/named-models.ts"
import type { Check, Moment } from "./invariant.ts"

interface Named {
  readonly actor: string
  readonly at: number
  readonly id: string
}

interface Begun extends Named {
  readonly until: number
  readonly model?: string
}

/**
 * Each cooldown starts and ends once, by facts that name it, and none that elapsed ends before its time.
 *
 * Source: C5.
 */
export const checkCooldowns = (): Check => {
  const start = ({ actor, id, model }: Begun, moment: Moment): string | undefined => {
    const { whole, ofModels } = inForceOn(actor, moment)
    const before = model === undefined ? whole : ofModel(ofModels, model)
    return before && `the cooldown ${id} of ${actor} starts while ${before.id} is in force`
  }
  const extend = ({ actor, id, until }: Begun, moment: Moment): string | undefined => {
    const before = named(id, actor, moment)
    if (before === undefined) return `the cooldown ${id} of ${actor} is extended and is not in force`
    return until < before.until ? `the cooldown ${id} of ${actor} is made shorter` : undefined
  }
  const end = ({ actor, at, id, reason }: Named & { readonly reason: string }, moment: Moment) => {
    const before = named(id, actor, moment)
    if (before === undefined) return `the cooldown ${id} of ${actor} ends and is not in force`
    return reason === "elapsed" && at < before.until
      ? `the cooldown ${id} of ${actor} ends before its time`
      : undefined
  }
  return {
    name: "cooldowns",
    looks: {
      "channel.cooldown_started": start,
      "account.cooldown_started": start,
      "channel.cooldown_extended": extend,
      "account.cooldown_extended": extend,
      "channel.cooldown_ended": end,
      "account.cooldown_ended": end,
    },
  }
}

interface InForce {
  readonly whole: Cooldown | undefined
  readonly ofModels: Readonly<Record<string, Cooldown>>
}

const inForceOn = (actor: string, { group }: Moment): InForce => {
  const account = group?.accounts.get(actor)
  if (account !== undefined) {
    const { cooldown, modelCooldowns } = contextOf(account)
    return { whole: cooldown ?? undefined, ofModels: modelCooldowns }
  }
  if (group === undefined || !actor.startsWith("channel/")) return { whole: undefined, ofModels: {} }
  const { cooldown, blockedModels } = channelOf(group)
  return { whole: cooldown ?? undefined, ofModels: blockedModels }
}

const named = (id: string, actor: string, moment: Moment): Cooldown | undefined => {
  const { whole, ofModels } = inForceOn(actor, moment)
  return whole?.id === id ? whole : Object.values(ofModels).find((one) => one.id === id)
}
