import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { decide } from "../decisions/decide.ts"
import { channelOf, contextOf } from "../group/group.ts"
import { grantedBy, neverGrantedWhile } from "../testing/granted.ts"
import type { Rule } from "../testing/live.ts"
import { inFlightOn, limitInForce, reasonsOf, reasonsOfChannel } from "../testing/naive-rules.ts"
import { acquire } from "../testing/specification.ts"

/** Nobody is granted a slot above the limit in force on an account. Source: A2. */
export const accountLimit = (): Rule => neverGrantedWhile("limit")

/** Nobody is granted a slot above the limit of a channel that is hard, or on one that is closed. Source: A2, A5. */
export const channelLimit = (): Rule => ({
  decided: (world, decided) => {
    const granted = grantedBy(world, decided)
    if (granted === undefined) return
    const reasons = reasonsOfChannel(world, granted.asked, decided.now)
    if (reasons.includes("limit") || reasons.includes("closed"))
      throw new Error(`${granted.lease.lease} is granted: ${reasons.join(", ")}`)
  },
})

/** No new request is granted a slot that is reserved for bound ones. Source: A4. */
export const reservation = (): Rule => neverGrantedWhile("reserved")

/** A new request finds a slot on an account of few slots that reserves a share of them, while one is free. Source: F11. */
export const smallShares = (): Rule => ({
  rested: (world, { group, now }) => {
    const asked = { model: "never asked for", estimate: { inputTokens: 0, outputTokens: 0 } }
    for (const account of world.accounts) {
      const { id, config } = account
      if (config.reservedConcurrency !== "auto" || limitInForce(account) > 3) continue
      if (inFlightOn(world, account).length >= limitInForce(account)) continue
      const others = [
        ...reasonsOfChannel(world, asked, now),
        ...reasonsOf(world, account, asked, now).filter((reason) => reason !== "reserved"),
      ]
      if (others.length > 0 || world.queue.length > 0) continue
      const { kind } = decide(group, acquire("newcomer", { ...asked, account: id }), now)
      if (kind !== "facts") throw new Error(`a new request starves beside ${id}`)
    }
  },
})

/** Each attempt has one lease, and each lease ends once, on the channel and on its account at once. Source: A9. */
export const leases = (): Rule => {
  const granted = new Set<string>()
  return {
    decided: (world, decided) => {
      const lease = grantedBy(world, decided)?.lease.lease
      if (lease !== undefined && granted.has(lease)) throw new Error(`${lease} is granted again`)
      if (lease !== undefined) granted.add(lease)
      const ended = decided.facts.filter(isEnd).map((fact) => `${fact.actor} ${fact.lease}`)
      const due = world.inFlight
        .filter(({ lease: of }) => decided.facts.some((fact) => isEnd(fact) && fact.lease === of))
        .flatMap(({ lease: of, account }) => [`channel/c ${of}`, `${actorName("account", account)} ${of}`])
      if (ended.toSorted().join() !== due.toSorted().join())
        throw new Error(`${ended.join()} ended instead of ${due.join()}`)
    },
    rested: (_, { group }) => {
      const ofAccounts = [...group.accounts.values()].flatMap((one) =>
        [...contextOf(one).leases].map(({ lease }) => lease),
      )
      const ofChannel = [...channelOf(group).leases].map(({ lease }) => lease)
      if (ofAccounts.toSorted().join() !== ofChannel.toSorted().join())
        throw new Error(`the accounts hold ${ofAccounts.join()}, the channel ${ofChannel.join()}`)
    },
  }
}

type End = Extract<Fact, { type: `${"channel" | "account"}.${"released" | "expired"}` }>

const isEnd = (fact: Fact): fact is End => fact.type.endsWith(".released") || fact.type.endsWith(".expired")

/** The numbers in flight that the facts tell are those that are. Source: A2, A9. */
export const toldInFlight = (): Rule => ({
  happened: (_, fact, group) => {
    if (!("inFlight" in fact) || fact.type === "account.limit_adjusted") return
    const account = group.accounts.get(fact.actor)
    const { size } = (account === undefined ? channelOf(group) : contextOf(account)).leases
    if (fact.inFlight !== size) throw new Error(`${fact.type} tells ${fact.inFlight} in flight, not ${size}`)
  },
})
