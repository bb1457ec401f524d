import { type CheckpointFact, isCheckpoint } from "@sluice/events/checkpoint.ts"
import { Fact } from "@sluice/events/commit.ts"
import { Schema } from "effect"
import { expect, it } from "vitest"
import type { ChannelLease } from "../channel/ledger.ts"
import { acquire, configured, enqueue, given, start } from "../testing/specification.ts"
import { checkpointGroup, groupFromCheckpoint } from "./checkpoint.ts"
import { channelOf, contextOf, type Group } from "./group.ts"
import { toSnapshot } from "./snapshot.ts"

const decode = Schema.decodeUnknownSync(Fact)
const reread = (fact: unknown): CheckpointFact => {
  const read = decode(JSON.parse(JSON.stringify(fact)))
  if (!isCheckpoint(read)) throw new Error(`${read.type} is no checkpoint`)
  return read
}

/** One slot, and so many who wait for it. */
const crowded = (waiting: number): Group =>
  given(configured({ maxConcurrent: 1, queueSize: waiting }, [{ concurrency: 1 }, { concurrency: 1 }])).when(
    acquire("r0"),
    ...Array.from({ length: waiting }, (_, nth) => enqueue(`r${nth + 1}`)),
  ).group

it("L5: a checkpoint has a fact for the channel and one for each account, in the order of their log", () => {
  const facts = checkpointGroup(crowded(2), start)
  expect(facts).toMatchObject([
    { actor: "channel/c", type: "channel.checkpointed", at: start, part: 0, parts: 3 },
    { actor: "account/a", type: "account.checkpointed", at: start, part: 1, parts: 3 },
    { actor: "account/a1", type: "account.checkpointed", at: start, part: 2, parts: 3 },
  ])
  expect(new Set(facts.map(({ machineHash }) => machineHash)).size).toBe(1)
})

it("L6: what is too large for one fact goes on in the next, and comes back whole", () => {
  const group = crowded(2_000)
  const facts = checkpointGroup(group, start).map(reread)
  expect(facts.filter(({ type }) => type === "channel.checkpointed").length).toBeGreaterThan(5)
  expect(Math.max(...facts.map((fact) => JSON.stringify(fact).length))).toBeLessThan(70_000)
  const read = groupFromCheckpoint(facts)
  expect(read && channelOf(read).lanes.size).toBe(2_000)
  expect(JSON.stringify(read && toSnapshot(read))).toBe(JSON.stringify(toSnapshot(group)))
})

it("L11: what an older checkpoint does not say is as in a new actor, and what is no more known is left out", () => {
  const group = crowded(2)
  const older = checkpointGroup(group, start).map((fact) => {
    const { lastUsedAt: _lastUsedAt, sessions: _sessions, ...context } = fact.context
    const { window: _window, ...value } = fact.value as Record<string, unknown>
    return reread({
      ...fact,
      machineHash: "older",
      value: { ...value, gone: "on" },
      context: { ...context, gone: 1 },
    })
  })
  const read = groupFromCheckpoint(older)
  const account = read?.accounts.get("account/a")
  expect(account && contextOf(account)).toMatchObject({ lastUsedAt: 0, sessions: { size: 0 } })
  expect(account && contextOf(account)).not.toHaveProperty("gone")
  const value = account?.getSnapshot().value
  expect(value).toMatchObject({ admission: "saturated", lifecycle: "enabled", window: "open" })
  expect(value).not.toHaveProperty("gone")
})

it("L11: where an older checkpoint does not tell a channel's limit, it is that of the configuration, and leases stand in their order", () => {
  const busy = given(configured({ maxConcurrent: 3 })).when(acquire("r1"), acquire("r2")).group
  const older = checkpointGroup(busy, start).map((fact) => {
    const { mode: _mode, learning: _learning, leases, ...context } = fact.context
    const told = (leases as ReadonlyArray<ChannelLease>).map(
      ({ level: _level, acceptedBy: _acceptedBy, ...lease }) => lease,
    )
    const isOfChannel = fact.type === "channel.checkpointed"
    return reread(isOfChannel ? { ...fact, context: { ...context, leases: told } } : fact)
  })
  const read = groupFromCheckpoint(older)
  expect(read && JSON.stringify(toSnapshot(read).channel.context.leases)).toBe(
    JSON.stringify(toSnapshot(busy).channel.context.leases),
  )
  expect(read && channelOf(read)).toMatchObject({ mode: 3, learning: null })
})

it("L11: a field of the configuration that an older file did not have gets its default", () => {
  const facts = checkpointGroup(crowded(1), start).map((fact) => {
    const { config, ...context } = fact.context as { config: Record<string, unknown> }
    const { priority: _priority, ...older } = config
    return reread({ ...fact, context: { ...context, config: older } })
  })
  const account = groupFromCheckpoint(facts)?.accounts.get("account/a")
  expect(account && contextOf(account).config?.priority).toBe(50)
})

it("L11: a checkpoint of a later shape is not read", () => {
  const later = checkpointGroup(crowded(1), start).map((fact) => ({ ...fact, shape: fact.shape + 1 }))
  expect(groupFromCheckpoint(later)).toBeUndefined()
})
