import type { Fact } from "@sluice/events/commit.ts"
import { actorName, idOf } from "@sluice/events/identifier.ts"
import { contextOf } from "../group/group.ts"
import { grantedBy, neverGrantedWhile } from "../testing/granted.ts"
import type { Rule } from "../testing/live.ts"
import { candidatesOf, fails, isUsable, reasonsOf, reasonsOfChannel } from "../testing/naive-rules.ts"
import { accountIn, burstOf } from "../testing/world.ts"

/** Nothing is sent at an account that cools, is suspended, closed, or whose gate is shut. Source: C3, C5, C7. */
export const restingAccounts = (): Rule => neverGrantedWhile("cooling", "suspended", "closed", "gate")

/** An account that fails is tested only by requests that nobody else can serve at once, and ends to cool before its time only by a test that succeeds. Source: C7. */
export const testsAlone = (): Rule => {
  const last = new Map<string, Fact>()
  return {
    decided: (world, decided) => {
      const granted = grantedBy(world, decided)
      if (granted?.lease.isProbe !== true) return
      const { asked, account, lease } = granted
      if (asked.mayProbe !== true) throw new Error(`${lease.lease} tests ${account.id} without leave`)
      const able = candidatesOf(world, asked).find(
        (one) => !fails(world, one) && reasonsOf(world, one, asked, decided.now).length === 0,
      )
      if (able !== undefined) throw new Error(`${lease.lease} tests ${account.id} beside ${able.id}`)
    },
    happened: (world, fact) => {
      const before = last.get(fact.actor)
      last.set(fact.actor, fact)
      if (fact.type !== "account.cooldown_ended" || fact.reason !== "recovered") return
      const isEndOfTest = before?.type === "account.released" && before.outcome === "ok"
      const { testedBy } = accountIn(world, idOf(fact.actor))
      const isAccepted = before?.type === "account.accepted" && before.lease === testedBy
      if (!isEndOfTest && !isAccepted) throw new Error(`${fact.actor} comes back without a test`)
    },
  }
}

/** The pause after a test that has failed is twice the one before it, up to the end of the cooldown. Source: C7. */
export const pausesGrow = (): Rule => ({
  happened: (world, fact) => {
    if (fact.type !== "account.probe_failed") return
    const { actor, at, failed, nextAt } = fact
    const { until = 0 } = world.cooldowns.find((one) => one.actor === actor && one.model === undefined) ?? {}
    const usualMs = 250 * 2 ** (failed - 1)
    const isUsual = Math.abs(nextAt - at - usualMs) <= usualMs / 10 + 1
    if (!isUsual && nextAt !== until) throw new Error(`${actor} is tested again after ${nextAt - at} ms`)
  },
})

/** Nothing is sent for a model that the upstream does not know. Source: C7. */
export const unknownModels = (): Rule => ({
  decided: (world, decided) => {
    const granted = grantedBy(world, decided)
    if (granted === undefined) return
    if (reasonsOfChannel(world, granted.asked, decided.now).includes("cooling"))
      throw new Error(`${granted.lease.lease} is granted for a model that is blocked`)
  },
})

/** No request is admitted where the cost of the window forbids it. Source: D5, D6. */
export const windowCost = (): Rule => neverGrantedWhile("window")

/** No request registers its session above the cap. Source: B6. */
export const sessionCap = (): Rule => neverGrantedWhile("sessions")

/** A cooldown begins once, is lengthened only while it is in force, ends once under its id, and not before its time by itself. Source: C3, C5. */
export const cooldownsPaired = (): Rule => {
  const begun = new Map<string, number>()
  return {
    happened: (world, fact) => {
      if (!isCooldown(fact)) return
      const { actor, id, type, at } = fact
      const inForce = world.cooldowns.find((one) => one.actor === actor && one.id === id)
      if (type.endsWith("_started")) {
        if (inForce !== undefined || (begun.get(id) ?? at) !== at) throw new Error(`${id} begins twice`)
        begun.set(id, at)
        return
      }
      if (inForce === undefined) throw new Error(`${type} of ${id}, which is not in force`)
      if ("until" in fact && actor.startsWith("account/") && fact.until <= inForce.until)
        throw new Error(`${id} is lengthened to an earlier end`)
      const isEarly = "reason" in fact && fact.reason === "elapsed" && inForce.until > at
      if (isEarly && actor.startsWith("account/")) throw new Error(`${id} ends before its time`)
    },
    rested: (world, { now }) => {
      const over = world.cooldowns.find(({ until }) => until <= now)
      if (over !== undefined) throw new Error(`${over.id} is over and has not ended`)
    },
  }
}

type OfCooldown = Extract<
  Fact,
  { type: `${"channel" | "account"}.cooldown_${"started" | "extended" | "ended"}` }
>

const isCooldown = (fact: Fact): fact is OfCooldown => fact.type.includes(".cooldown_")

/** A channel cools exactly when all accounts that can be used do. Source: C9. */
export const channelCools = (): Rule => ({
  rested: (world) => {
    const coolingOf = (actor: string) =>
      world.cooldowns.some((one) => one.actor === actor && one.model === undefined)
    const usable = world.accounts.filter(isUsable)
    const isDue = usable.length > 0 && usable.every(({ id }) => coolingOf(actorName("account", id)))
    if (coolingOf("channel/c") !== isDue) throw new Error(`a channel ${isDue ? "does not cool" : "cools"}`)
  },
})

/** The sessions of each account are those that its facts registered, and none expires in flight or early. Source: B6. */
export const sessionsKept = (): Rule => ({
  rested: (world, { group }) => {
    for (const [actor, account] of group.accounts) {
      const { sessions } = contextOf(account)
      const own = world.sessions.filter((one) => actorName("account", one.account) === actor)
      if (own.length !== sessions.size)
        throw new Error(`${actor} keeps ${sessions.size} sessions of ${own.length}`)
      for (const { session, stay } of own)
        if (sessions.get(session)?.stay !== stay) throw new Error(`${actor} does not keep ${stay}`)
    }
  },
  happened: (world, fact) => {
    if (fact.type !== "account.session_expired") return
    const { session, stay, at } = fact
    const account = idOf(fact.actor)
    const registered = world.sessions.find((one) => one.stay === stay)
    if (registered === undefined) throw new Error(`${stay} expires, which is not registered`)
    if (world.inFlight.some((one) => one.session === session && one.account === account))
      throw new Error(`${session} expires while it is in flight`)
    const idleMs = accountIn(world, account).config.sessionIdleTimeoutMs
    if (at < registered.lastSeenAt + idleMs) throw new Error(`${session} expires before its time`)
  },
})

interface Taken {
  readonly at: number
  readonly amount: number
}

/**
 * Over any interval an account is granted no more requests than its rate lets through in that time and one burst.
 *
 * Source: C1.
 */
export const requestRate = (): Rule => {
  const taken = new Map<string, Array<Taken>>()
  return {
    happened: (world, fact) => {
      if (fact.type === "account.configured") taken.delete(fact.actor)
      if (fact.type !== "account.acquired") return
      const account = world.accounts.find(({ id }) => id === idOf(fact.actor))
      const perMinute = account?.config.rpm ?? null
      if (account === undefined || perMinute === null) return
      const list = taken.get(fact.actor) ?? []
      taken.set(fact.actor, list)
      list.push({ at: fact.at, amount: 1 })
      let sum = 0
      for (const { at, amount } of list.toReversed()) {
        sum += amount
        const most = ((fact.at - at) * perMinute) / 60_000 + burstOf(perMinute, account.burstSeconds)
        if (sum > most + 1e-6) throw new Error(`${sum} requests within ${fact.at - at} ms on ${account.id}`)
      }
    },
  }
}

/** No account and no channel admits what its buckets do not hold, but for one that is larger than the burst. Source: C1. */
export const buckets = (): Rule => {
  const ofAccount = neverGrantedWhile("tokens")
  return {
    decided: (world, decided) => {
      ofAccount.decided?.(world, decided)
      const granted = grantedBy(world, decided)
      if (granted !== undefined && reasonsOfChannel(world, granted.asked, decided.now).includes("tokens"))
        throw new Error(`${granted.lease.lease} is granted tokens that the channel has not`)
    },
  }
}
