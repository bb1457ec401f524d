import { grantedBy } from "../testing/granted.ts"
import type { Rule } from "../testing/live.ts"
import {
  candidatesOf,
  demandOf,
  headsOf,
  isBefore,
  isKept,
  isOpen,
  isPacedByChannel,
  isRegistered,
  laneOf,
  openTo,
  pacedBy,
  reasonsOf,
  reasonsOfChannel,
} from "../testing/naive-rules.ts"
import type { InQueue, World } from "../testing/world.ts"

/** True if others wait for tokens that a waiter must not take from under them. */
const othersWaitForTokens = (world: World, waiter: InQueue, now: number) => {
  const others = headsOf(world).filter((one) => one !== waiter)
  const isChannelHeld = others.some((one) => isPacedByChannel(world, one, now))
  const held = others.flatMap((one) => pacedBy(world, one, now))
  return { isChannelHeld, held }
}

/** Who names no account waits as a new request, also where its session is registered: it asks for the same as its lane. */
const asWaiting = (waiter: InQueue): InQueue =>
  waiter.account === undefined && waiter.session !== undefined ? { ...waiter, session: "new" } : waiter

/**
 * Nobody who stands first in a lane waits beside a slot that he may have, unless another waits for its tokens.
 *
 * Who waits for any account waits as new: what his session could have on the account that it is registered on is not promised.
 * Source: A6.
 */
export const nobodyStranded = (): Rule => ({
  rested: (world, { now }) => {
    for (const waiter of headsOf(world)) {
      if (reasonsOfChannel(world, waiter, now).length > 0) continue
      const open = openTo(world, asWaiting(waiter), now)
      if (open.length === 0) continue
      const { isChannelHeld, held } = othersWaitForTokens(world, waiter, now)
      if (isChannelHeld || open.every((account) => held.includes(account))) continue
      throw new Error(`${waiter.request} waits beside ${open.map(({ id }) => id).join(", ")}`)
    }
  },
})

/** True if a waiter waits for the tokens of one account, and no other will have a place for it by itself. */
const waitsOnlyFor = (world: World, waiter: InQueue, account: string, now: number): boolean => {
  if (reasonsOfChannel(world, waiter, now).length > 0) return false
  if (!pacedBy(world, waiter, now).some(({ id }) => id === account)) return false
  const others = candidatesOf(world, waiter).filter(({ id }) => id !== account)
  return others.every((other) => {
    const reasons = reasonsOf(world, other, waiter, now)
    return (
      reasons.includes("limit") &&
      !["cooling", "gate", "window", "tokens"].some((one) => reasons.includes(one as never))
    )
  })
}

/** No newcomer is granted a slot, or tokens, that a waiter could use. Source: A6. */
export const noOvertaking = (): Rule => ({
  decided: (world, decided) => {
    const granted = grantedBy(world, decided)
    if (granted === undefined || granted.waiter !== undefined) return
    const { account, lease } = granted
    const overtaken = headsOf(world).find(
      (waiter) =>
        isPacedByChannel(world, waiter, decided.now) || waitsOnlyFor(world, waiter, account.id, decided.now),
    )
    if (overtaken !== undefined) throw new Error(`${lease.lease} overtakes ${overtaken.request}`)
  },
})

/** Nobody waits for an account that keeps all of its slots for bound requests. Source: A4. */
export const noWaitForKept = (): Rule => ({
  rested: (world) => {
    for (const waiter of headsOf(world)) {
      const candidates = candidatesOf(world, waiter)
      if (
        candidates.length > 0 &&
        candidates.every((one) => isKept(one) && !isRegistered(world, one, waiter.session))
      )
        throw new Error(`${waiter.request} waits for nothing but reserved slots`)
    }
  },
})

/** Nobody waits beyond his time, or at a channel that is closed. Source: A6, A8, A10. */
export const nobodyForgotten = (): Rule => ({
  rested: (world, { now }) => {
    const overdue = world.queue.find(({ dueAt }) => dueAt !== null && dueAt <= now)
    if (overdue !== undefined) throw new Error(`${overdue.request} waits beyond its time`)
    if (world.queue.length > 0 && !isOpen(world)) throw new Error("the channel is closed, and some wait")
  },
})

/** Inside a lane they are served as they came, and those who leave are gone. Source: A7, A8. */
export const lanesInOrder = (): Rule => {
  const gone = new Set<string>()
  return {
    decided: (world, decided) => {
      for (const fact of decided.facts) {
        if (fact.type === "channel.abandoned" || fact.type === "channel.timed_out")
          gone.add(`${fact.request}.${fact.attempt}`)
        if (fact.type === "channel.acquired" && gone.has(fact.lease))
          throw new Error(`${fact.lease} had left and is granted a slot`)
      }
      const waiter = grantedBy(world, decided)?.waiter
      const first = headsOf(world).find((one) => waiter && laneOf(world, one) === laneOf(world, waiter))
      if (waiter !== undefined && first !== waiter)
        throw new Error(`${waiter.request} is served before ${first?.request}`)
    },
  }
}

/** With `fifo` the earliest is served of those who can be. Source: A7. */
export const earliestFirst = (): Rule => ({
  decided: (world, decided) => {
    const granted = grantedBy(world, decided)?.waiter
    if (granted === undefined || world.channel?.queueOrder !== "fifo") return
    const earlier = headsOf(world).find(
      (one) =>
        isBefore(world, one, granted) &&
        reasonsOfChannel(world, one, decided.now).length === 0 &&
        openTo(world, one, decided.now).length > 0 &&
        !othersWaitForTokens(world, one, decided.now).held.some((held) =>
          openTo(world, one, decided.now).includes(held),
        ),
    )
    if (earlier !== undefined) throw new Error(`${granted.request} is served before ${earlier.request}`)
  },
})

/** A full queue takes a request only in the place of the newest of the client that has the most for its weight. Source: A6. */
export const fullQueue = (): Rule => ({
  decided: (world, { command, facts }) => {
    if (command?.type !== "enqueue" || !facts.some(({ type }) => type === "channel.queued")) return
    const left = facts.find((fact) => fact.type === "channel.abandoned")
    if (left === undefined) {
      if (command.isReturning !== true && world.queue.length >= (world.channel?.queueSize ?? 0))
        throw new Error(`${command.request} waits in a full queue`)
      return
    }
    const perWeight = (client: string) => {
      const own = world.queue.filter((one) => one.client === client)
      return own.length / (own[0]?.weight ?? 1)
    }
    const displaced = world.queue.find(({ request }) => request === left.request)
    if (displaced === undefined) throw new Error(`${left.request} is displaced and did not wait`)
    const ownThen =
      (world.queue.filter(({ client }) => client === command.client).length + 1) / command.weight
    const most = Math.max(...world.queue.map(({ client }) => perWeight(client)))
    const isNewest = world.queue.every(
      (one) => one.client !== displaced.client || one === displaced || isBefore(world, one, displaced),
    )
    if (perWeight(displaced.client) < most || most <= ownThen || !isNewest)
      throw new Error(`${displaced.request} is displaced by ${command.request}`)
  },
})

const twins = ["alice", "dave"] as const

/**
 * Of two clients of weight 1 that wait all the time for the same, neither is served twice in a row while the other waits.
 *
 * Source: A7.
 */
export const turnAndTurn = (): Rule => {
  let last: string | undefined
  return {
    decided: (world, decided) => {
      if (!waitForTheSame(world)) last = undefined
      const granted = grantedBy(world, decided)?.waiter
      if (granted === undefined || !twins.some((twin) => twin === granted.client)) return
      if (last === granted.client) throw new Error(`${last} is served twice in a row`)
      last = waitForTheSame(world) ? granted.client : undefined
    },
    happened: (_, fact) => {
      if (fact.type === "channel.configured") last = undefined
    },
  }
}

const waitForTheSame = (world: World): boolean => {
  const [one, other] = twins.map((twin) => world.queue.filter(({ client }) => client === twin).map(demandOf))
  if (one === undefined || other === undefined || world.channel?.queueOrder === "fifo") return false
  return new Set([...one, ...other]).size === 1 && one.length > 0 && other.length > 0
}
