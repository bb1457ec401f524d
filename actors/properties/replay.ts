import type { Fact } from "@sluice/events/commit.ts"
import { expect } from "vitest"
import type { AccountContext } from "../account/context.ts"
import { accountMachine } from "../account/machine.ts"
import { channelMachine } from "../channel/machine.ts"
import { decide } from "../decisions/decide.ts"
import { reactions } from "../decisions/reactions.ts"
import { contextOf, createGroup, evolve, type Group } from "../group/group.ts"
import { fromSnapshot, toSnapshot } from "../group/snapshot.ts"
import { evolve as evolveActor, type MachineContext, type LiveActor, start } from "../machine/live-actor.ts"
import type { Rule } from "../testing/live.ts"
import { headsOf, inFlightOn, levelAt, pacedBy, windowCostOf } from "../testing/naive-rules.ts"
import { acquire } from "../testing/specification.ts"
import { burstOf, type KnownAccount, type World } from "../testing/world.ts"

const reread = (group: Group): Group => fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(group))))

/** A group that is stored and read back after each fact is what one is that saw them all. Source: L13. */
export const refolds = (): Rule => {
  let stored = createGroup()
  return {
    happened: (_, fact, group) => {
      evolve(stored, fact)
      stored = reread(stored)
      expect(JSON.stringify(toSnapshot(stored))).toBe(JSON.stringify(toSnapshot(group)))
    },
  }
}

/** A group that nobody asks for its states until its end is in those of one that was asked all the time, as it decided. Source: L1, R1. */
export const unasked = (): Rule => {
  const folded = createGroup()
  return {
    happened: (_, fact) => evolve(folded, fact),
    ended: (_, { group }) =>
      expect(JSON.stringify(toSnapshot(folded))).toBe(JSON.stringify(toSnapshot(group))),
  }
}

/** An actor is in the states, and holds the ledger, that its machine alone makes of its facts, each by a whole step of XState. Source: L2. */
export const machines = (): Rule => {
  const alone = new Map<string, LiveActor<MachineContext<unknown>, Fact>>()
  return {
    happened: (_, fact, group) => {
      const machine =
        alone.get(fact.actor) ?? start(fact.actor.startsWith("channel/") ? channelMachine : accountMachine)
      alone.set(fact.actor, machine)
      evolveActor(machine, fact)
      expect(actorOf(group, fact.actor).getSnapshot().value).toEqual(machine.getSnapshot().value)
    },
    ended: (_, { group }) => {
      for (const [actor, machine] of alone)
        expect(actorOf(group, actor).getSnapshot().context).toEqual(machine.getSnapshot().context)
    },
  }
}

const actorOf = (group: Group, actor: string) => group.accounts.get(actor) ?? group.channel

const probes = [
  acquire("probe"),
  acquire("probe", { model: "n", client: "bob" }),
  acquire("probe", { session: "alice-0" }),
  acquire("probe", { mayProbe: true }),
  acquire("probe", { account: "a", session: "dave-1", client: "dave" }),
]

/**
 * A group that is read back decides as the one that was stored: what it keeps beside its facts changes no decision.
 *
 * Of several that wait for the tokens of one account, who came to them first is not stored: such moments are left out.
 * Source: L11, L13.
 */
export const decidesAlike = (): Rule => {
  let count = 0
  return {
    rested: (world, { group, now }) => {
      count += 1
      if (count % 5 > 0 || headsOf(world).some((one) => pacedBy(world, one, now).length > 0)) return
      const read = reread(group)
      expect(reactions(read, now)).toEqual([])
      for (const probe of probes) {
        const [one, other] = [decide(read, probe, now), decide(group, probe, now)]
        expect(one.kind === "facts" ? one : one.kind).toEqual(other.kind === "facts" ? other : other.kind)
      }
    },
  }
}

/** Less than so much of a token is the rounding of sums. */
const rounding = 1e-3

/** Each account holds what the naive model says of it. Source: A9, C1, C3, D5. */
export const ledgers = (): Rule => ({
  rested: (world, { group, now }) => {
    for (const account of world.accounts) {
      const actor = group.accounts.get(`account/${account.id}`)
      if (actor === undefined) continue
      const [{ tpm, ...told }, { tpm: level, ...most }] = [
        known(contextOf(actor), now),
        due(world, account, now),
      ]
      expect(told).toEqual(most)
      if (Math.abs((tpm ?? 0) - (level ?? 0)) > rounding)
        throw new Error(`${account.id} has ${tpm}, not ${level}`)
    }
  },
})

const known = (context: AccountContext, now: number) => {
  const { leases, suspended, lowered, ramp, gateUntil, cooldown, window, heldCostNanoUsd } = context
  const recorded = window !== null && now < window.end ? context.windowCostNanoUsd : 0
  return {
    inFlight: [...leases].map(({ lease }) => lease).toSorted(),
    suspended,
    lowered: lowered?.limit ?? null,
    ramp: ramp?.limit ?? null,
    isGated: gateUntil !== null && gateUntil > now,
    cooldownUntil: cooldown?.until ?? null,
    windowCostNanoUsd: recorded + heldCostNanoUsd,
    tpm: bucketIn(context, context.tpm, now),
  }
}

const bucketIn = (
  { config, burstSeconds }: AccountContext,
  bucket: AccountContext["tpm"],
  now: number,
): number | null => {
  const perMinute = config?.tpm ?? null
  if (perMinute === null) return null
  const level = bucket === null ? Infinity : bucket.level + ((now - bucket.at) * perMinute) / 60_000
  return Math.min(burstOf(perMinute, burstSeconds), level)
}

const due = (world: World, account: KnownAccount, now: number) => {
  const { id, config, burstSeconds, isSuspended, lowered, ramp, gateUntil } = account
  const cooldown = world.cooldowns.find((one) => one.actor === `account/${id}` && one.model === undefined)
  const { tpm } = config
  const size = { perMinute: tpm ?? 0, burst: burstOf(tpm ?? 0, burstSeconds), now }
  return {
    inFlight: inFlightOn(world, account)
      .map(({ lease }) => lease)
      .toSorted(),
    suspended: isSuspended,
    lowered,
    ramp,
    isGated: gateUntil !== null && gateUntil > now,
    cooldownUntil: cooldown?.until ?? null,
    windowCostNanoUsd: windowCostOf(world, account, now),
    tpm: tpm === null ? null : levelAt(account.tpm, size),
  }
}
