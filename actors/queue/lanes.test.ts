import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Lanes } from "./lanes.ts"
import type { Waiter } from "./waiter.ts"
import { WeightedCounts } from "./weighted-counts.ts"

const waiter = (request: string, more: Partial<Waiter> = {}): Waiter => ({
  request,
  attempt: 1,
  client: "alice",
  weight: 1,
  model: "m",
  estimate: { inputTokens: 0, outputTokens: 0 },
  arrivedAt: 0,
  queuedAt: 0,
  dueAt: null,
  dueReason: "queue_timeout",
  ...more,
})

const serveAll = (lanes: Lanes): ReadonlyArray<string> => {
  const served: Array<string> = []
  for (let next = lanes.next(); next !== undefined; next = lanes.next()) {
    lanes.serve(next.request)
    served.push(next.request)
  }
  return served
}

describe("A7: turns", () => {
  it("go round the clients, as many at a time as each one's weight", () => {
    const lanes = new Lanes()
    for (const n of [1, 2, 3, 4]) lanes.add(waiter(`a${n}`, { client: "a", weight: 2 }))
    for (const n of [1, 2]) lanes.add(waiter(`b${n}`, { client: "b" }))
    expect(serveAll(lanes)).toEqual(["a1", "a2", "b1", "a3", "a4", "b2"])
  })

  it("give a client that comes later a part at once, however long the others' queues are", () => {
    const lanes = new Lanes()
    for (let n = 0; n < 1_000; n += 1) lanes.add(waiter(`g${n}`, { client: "greedy" }))
    lanes.add(waiter("p", { client: "polite" }))
    expect(serveAll(lanes).indexOf("p")).toBe(1)
  })

  it("go on where they were after the lanes were stored and read back (L13)", () => {
    const lanes = new Lanes()
    for (const n of [1, 2, 3]) lanes.add(waiter(`a${n}`, { client: "a", weight: 2 }))
    lanes.add(waiter("b1", { client: "b" }))
    lanes.serve("a1")
    expect(serveAll(Lanes.from(lanes.toJSON()))).toEqual(["a2", "b1", "a3"])
  })

  it("serve everyone once, in each client's order, whatever the arrivals (property)", () => {
    const arrivals = fc.array(fc.record({ client: fc.constantFrom("a", "b", "c"), arrivedAt: fc.nat(50) }), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(arrivals, (all) => {
        const lanes = new Lanes()
        const waiters = all.map((more, index) => waiter(`r${index}`, more))
        for (const one of waiters) lanes.add(one)
        const served = serveAll(lanes)
        for (const client of ["a", "b", "c"]) {
          const own = waiters.filter((one) => one.client === client)
          const byArrival = own
            .toSorted((one, other) => one.arrivedAt - other.arrivedAt)
            .map(({ request }) => request)
          expect(served.filter((request) => byArrival.includes(request))).toEqual(byArrival)
        }
        expect(served).toHaveLength(waiters.length)
        expect(lanes.size).toBe(0)
      }),
    )
  })
})

describe("due times", () => {
  it("come in their order, without those who have gone", () => {
    const lanes = new Lanes()
    for (const [request, dueAt] of [
      ["late", 30],
      ["early", 10],
      ["middle", 20],
      ["never", null],
    ] as const)
      lanes.add(waiter(request, { dueAt }))
    expect(lanes.firstDue()?.request).toBe("early")
    lanes.leave("early")
    lanes.serve("middle")
    expect(lanes.firstDue()?.request).toBe("late")
    lanes.leave("late")
    expect(lanes.firstDue()).toBeUndefined()
  })

  it("are of the place that a request has now, not of one that it had", () => {
    const lanes = new Lanes()
    lanes.add(waiter("r", { dueAt: 10 }))
    lanes.leave("r")
    lanes.add(waiter("r", { dueAt: 90 }))
    expect(lanes.firstDue()?.dueAt).toBe(90)
  })

  it("do not gather while thousands come and go", () => {
    const lanes = new Lanes()
    lanes.add(waiter("stays", { dueAt: 1_000_000 }))
    for (let n = 0; n < 20_000; n += 1) {
      lanes.add(waiter(`r${n}`, { dueAt: 500_000 + n }))
      lanes.leave(`r${n}`)
    }
    expect(lanes.firstDue()?.request).toBe("stays")
  })
})

it("A6: the weighted counts always know the member with the most per weight (property)", () => {
  const weights: Record<string, number> = { a: 1, b: 1, c: 3 }
  const changes = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(6)), { maxLength: 80 })
  fc.assert(
    fc.property(changes, (all) => {
      const weightedCounts = new WeightedCounts<string>()
      const counts = new Map<string, number>()
      for (const [member, count] of all) {
        counts.set(member, count)
        weightedCounts.set(member, weights[member]!, count)
        const perWeight = (one: string) => (counts.get(one) ?? 0) / weights[one]!
        const most = Math.max(...Object.keys(weights).map(perWeight))
        const largest = weightedCounts.largest()
        expect(largest === undefined ? 0 : perWeight(largest)).toBe(most)
      }
    }),
  )
})
