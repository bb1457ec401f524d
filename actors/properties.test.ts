import type { Fact } from "@sluice/events/commit.ts"
import fc from "fast-check"
import { expect, it } from "vitest"
import type { Command } from "./command.ts"
import { channelOf, contextOf, createGroup, evolve, type Group } from "./group.ts"
import { hasRoom } from "./limit.ts"
import { fromSnapshot, toSnapshot } from "./snapshot.ts"
import { acquire, configured, enqueue, rejected, release, run } from "./testing/specification.ts"

const weights = { alice: 1, bob: 2, carol: 3 }
const clients = fc.constantFrom("alice", "bob", "carol")
const requests = fc.integer({ min: 0, max: 30 }).map((n) => `r${n}`)
const accounts = fc.constantFrom("a", "a1")

const steps = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(requests, clients)
      .map(([r, client]) => enqueue(r, { client, weight: weights[client] })),
  },
  { weight: 4, arbitrary: requests.map((r) => acquire(r)) },
  { weight: 6, arbitrary: fc.tuple(requests, accounts).map(([r, account]) => release(r, { account })) },
  { weight: 1, arbitrary: fc.tuple(requests, accounts).map(([r, account]) => rejected(r, { account })) },
  {
    weight: 1,
    arbitrary: requests.map((request): Command => ({ type: "leave", request, reason: "client_left" })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ maxConcurrent: fc.integer({ min: 0, max: 4 }), queueSize: fc.integer({ min: 0, max: 8 }) })
      .map((channel) => configured(channel, [{ concurrency: 2 }, { concurrency: 3 }])),
  },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 20_000 }).map((afterMs) => ({ afterMs })) },
)

const histories = fc.array(steps, { minLength: 1, maxLength: 120 })

/** Runs a history one step at a time; a request that is already here does not come again. */
const live = (
  history: ReadonlyArray<Command | { afterMs: number }>,
  onStep: (group: Group, now: number, facts: ReadonlyArray<Fact>) => void,
) => {
  const group = createGroup()
  const facts: Array<Fact> = []
  let now: number | undefined
  for (const step of [
    configured({ maxConcurrent: 2, queueSize: 5 }, [{ concurrency: 2 }, { concurrency: 3 }]),
    ...history,
  ]) {
    const { leases, lanes } = channelOf(group)
    const isHere =
      "request" in step && (leases.has(`${step.request}.1`) || lanes.get(step.request) !== undefined)
    if (isHere && "type" in step && step.type !== "leave") continue
    const done = run(group, [step], now)
    now = done.now
    facts.push(...done.facts)
    onStep(group, now, done.facts)
  }
  return { group, facts }
}

it("A2: never grants above the limit in force, on the channel or on an account", () =>
  fc.assert(
    fc.property(histories, (history) => {
      live(history, (group, _, facts) => {
        const limitOf = (actor: string) =>
          actor === "channel/c"
            ? channelOf(group).config!.maxConcurrent
            : contextOf(group.accounts.get(actor)!).config!.concurrency
        const grants = facts.filter(
          (fact) => fact.type === "channel.acquired" || fact.type === "account.acquired",
        )
        expect(grants.filter(({ actor, inFlight }) => !hasRoom(limitOf(actor), inFlight - 1))).toEqual([])
      })
    }),
    { numRuns: 300 },
  ))

it("A9: the channel's leases and its accounts' leases are the same", () =>
  fc.assert(
    fc.property(histories, (history) => {
      const { group } = live(history, () => undefined)
      const ofAccounts = [...group.accounts.values()].flatMap((account) => [
        ...contextOf(account).leases.keys(),
      ])
      expect(ofAccounts.toSorted()).toEqual([...channelOf(group).leases.keys()].toSorted())
    }),
    { numRuns: 200 },
  ))

it("A6: leaves no waiter behind while there is room on the channel and on an account that is not cooling", () =>
  fc.assert(
    fc.property(histories, (history) => {
      live(history, (group) => {
        const { config, lanes, leases: held } = channelOf(group)
        if (lanes.size === 0 || !hasRoom(config!.maxConcurrent, held.size)) return
        const free = group.usable.filter((account) => {
          const { config: of, leases, cooldown } = contextOf(account)
          return cooldown === null && hasRoom(of!.concurrency, leases.size)
        })
        expect(free).toHaveLength(0)
      })
    }),
    { numRuns: 300 },
  ))

it("L13: folding the tail onto a snapshot gives the same as folding everything, for every split", () =>
  fc.assert(
    fc.property(histories, fc.nat(), (history, at) => {
      const { group, facts } = live(history, () => undefined)
      const split = at % (facts.length + 1)
      const head = createGroup()
      for (const fact of facts.slice(0, split)) evolve(head, fact)
      const tail = fromSnapshot(JSON.parse(JSON.stringify(toSnapshot(head))))
      for (const fact of facts.slice(split)) evolve(tail, fact)
      expect(toSnapshot(tail)).toEqual(toSnapshot(group))
    }),
    { numRuns: 300 },
  ))

it("L1: the statechart says what the ledger says", () =>
  fc.assert(
    fc.property(histories, (history) => {
      live(history, (group) => {
        const { value, context } = group.channel.getSnapshot()
        const isFull = !hasRoom(context.config!.maxConcurrent, context.leases.size)
        const admission = context.lanes.size > 0 ? "queueing" : isFull ? "saturated" : "open"
        expect(value).toMatchObject({ admission, health: context.cooldown === null ? "healthy" : "cooling" })
        for (const account of group.accounts.values()) {
          const { value: of, context: its } = account.getSnapshot()
          const slots = hasRoom(its.config!.concurrency, its.leases.size) ? "open" : "saturated"
          expect(of).toMatchObject({
            admission: slots,
            health: its.cooldown === null ? "healthy" : "cooling",
          })
        }
      })
    }),
    { numRuns: 200 },
  ))
