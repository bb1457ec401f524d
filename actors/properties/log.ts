import { isCheckpoint } from "@sluice/events/checkpoint.ts"
import { Fact } from "@sluice/events/commit.ts"
import { Schema } from "effect"
import { expect } from "vitest"
import { slotsOf } from "../account/limit.ts"
import { checkpointGroup, groupFromCheckpoint } from "../group/checkpoint.ts"
import { channelOf, type contextOf, createGroup, evolve, type Group } from "../group/group.ts"
import { fromSnapshot, toSnapshot } from "../group/snapshot.ts"
import { ownLimitOf } from "../limit/learned-limit.ts"
import { hasRoom } from "../limit/limit.ts"
import type { Rule } from "../testing/live.ts"

const decode = Schema.decodeUnknownSync(Fact)
const encode = Schema.encodeSync(Fact)

/** What is decided goes through JSON and its schema unchanged. Source: L2. */
export const factsInShape = (): Rule => ({
  happened: (_, fact) => expect(decode(JSON.parse(JSON.stringify(encode(fact))))).toEqual(fact),
})

/** Facts are told in the order of time, each at the time of its decision. Source: L2. */
export const factsInOrder = (): Rule => ({
  decided: (_, { facts, now }) => {
    const other = facts.find(({ at }) => at !== now)
    if (other !== undefined) throw new Error(`${other.type} is told of another time`)
  },
})

const copyOf = (group: Group): Group => fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(group))))

/** Folding the tail onto a snapshot of the head gives the same as folding everything, split at a part of the whole. Source: L13. */
export const splitsAt = (part: number) => (): Rule => ({
  ended: (facts, { group }) => {
    const split = Math.floor(facts.length * part)
    const head = createGroup()
    for (const fact of facts.slice(0, split)) evolve(head, fact)
    const tail = copyOf(head)
    for (const fact of facts.slice(split)) evolve(tail, fact)
    expect(toSnapshot(tail)).toEqual(toSnapshot(group))
  },
})

const storedFacts = (facts: ReadonlyArray<Fact>): ReadonlyArray<Fact> =>
  facts.map((fact) => decode(JSON.parse(JSON.stringify(fact))))

const throughCheckpoint = (group: Group): Group => {
  const facts = storedFacts(checkpointGroup(group, 0)).filter(isCheckpoint)
  const read = groupFromCheckpoint(facts)
  if (read === undefined) throw new Error("its own checkpoint is not readable")
  return read
}

/** Folding the tail onto a checkpoint gives the same as folding everything, wherever the checkpoint stands. Source: L5, L13. */
export const checkpointsAt = (part: number) => (): Rule => ({
  ended: (facts, { group }) => {
    const split = Math.floor(facts.length * part)
    const head = createGroup()
    for (const fact of facts.slice(0, split)) evolve(head, fact)
    const tail = throughCheckpoint(head)
    for (const fact of facts.slice(split)) evolve(tail, fact)
    expect(JSON.stringify(toSnapshot(tail))).toBe(JSON.stringify(toSnapshot(group)))
  },
})

/** The statecharts of a channel and its accounts say what their contexts hold. Source: L1. */
export const chartsInStep = (): Rule => ({
  happened: (_, __, group) => {
    const {
      value,
      context: { ledger },
    } = group.channel.getSnapshot()
    const { config, leases, lanes, cooldown } = ledger
    const isFull = !hasRoom(ownLimitOf(ledger), leases.size)
    const admission = lanes.size > 0 ? "queueing" : isFull ? "saturated" : "open"
    const isEnabled = config?.enabled === true && !ledger.removed
    expect(value).toMatchObject({ admission, health: cooldown === null ? "healthy" : "cooling" })
    expectLifecycle(value, { isEnabled, inFlight: leases.size })
    for (const account of group.accounts.values()) expectAccount(account.getSnapshot())
  },
})

const expectAccount = ({
  value,
  context: { ledger },
}: ReturnType<Parameters<typeof contextOf>[0]["getSnapshot"]>): void => {
  const { config, removed, leases, cooldown, ramp, suspended, windowState } = ledger
  expect(value).toMatchObject({
    admission: hasRoom(slotsOf(ledger), leases.size) ? "open" : "saturated",
    health: cooldown !== null ? "cooling" : ramp === null ? "healthy" : "recovering",
    suspension: suspended ? "suspended" : "none",
    window: windowState,
  })
  expectLifecycle(value, { isEnabled: config?.enabled === true && !removed, inFlight: leases.size })
}

const expectLifecycle = (
  value: unknown,
  of: { readonly isEnabled: boolean; readonly inFlight: number },
): void => {
  const lifecycle = of.isEnabled ? "enabled" : of.inFlight > 0 ? "draining" : "disabled"
  expect(value).toMatchObject({ lifecycle })
}

/** A configuration tells of what it changes and of nothing else, and the same one again tells nothing. Source: A10. */
export const changesAlone = (): Rule => ({
  decided: (world, { command, facts }) => {
    if (command?.type !== "configure") return
    const told = facts.filter(
      (fact) => fact.type === "channel.configured" || fact.type === "account.configured",
    )
    for (const fact of told) {
      const before =
        fact.type === "channel.configured"
          ? !world.isRemoved && { config: world.channel }
          : world.accounts.find(({ id, isRemoved }) => !isRemoved && `account/${id}` === fact.actor)
      if (!before || JSON.stringify(before.config) !== JSON.stringify(fact.config)) continue
      const isOther =
        fact.type === "account.configured" &&
        "credential" in before &&
        (before.credential !== fact.credential || before.burstSeconds !== fact.burstSeconds)
      if (!isOther) throw new Error(`${fact.actor} is configured as it was`)
    }
  },
  happened: (world, fact, group) => {
    if (!fact.type.endsWith(".configured")) return
    expect(channelOf(group).leases.size).toBe(world.inFlight.length)
    expect(channelOf(group).lanes.size).toBe(world.queue.length)
  },
})
