import { describe, expect, it } from "vitest"
import { acquire, configured, enqueue, given, release } from "../testing/specification.ts"
import { openToNew } from "./reservation.ts"

const account = (more: object) => configured({}, [{ concurrency: 5, ...more }])
const inSession = { session: "s" }
const many = (count: number, more = {}) => Array.from({ length: count }, (_, n) => acquire(`r${n}`, more))
const grantsOf = (facts: ReadonlyArray<{ type: string }>) =>
  facts.filter(({ type }) => type === "account.acquired").length

/** A session is bound once one of its requests has succeeded. */
const bound = [acquire("first", inSession), release("first")]

describe("A4: reserved slots (concurrency 5, reserved 2)", () => {
  it("admits three new requests at once", () => {
    const { facts } = given(account({ reservedConcurrency: 2 })).when(...many(5))
    expect(grantsOf(facts)).toBe(3)
  })

  it("lets bound requests use all five", () => {
    const { facts } = given(account({ reservedConcurrency: 2 }), ...bound).when(...many(6, inSession))
    expect(grantsOf(facts)).toBe(5)
  })

  it("counts both kinds in flight: three bound ones leave no slot to a new one", () =>
    given(account({ reservedConcurrency: 2 }), ...bound, ...many(3, inSession))
      .when(acquire("new"))
      .thenDenied("saturated"))

  it("lets a new one wait until the unreserved part has room", () => {
    const { facts } = given(account({ reservedConcurrency: 4 }), acquire("r1"), enqueue("r2")).when(
      release("r1"),
    )
    expect(facts).toContainEqual(expect.objectContaining({ type: "channel.acquired", request: "r2" }))
  })

  it.each([
    [0, 5],
    [-3, 5],
  ])("changes nothing with %i", (reservedConcurrency, granted) => {
    const { facts } = given(account({ reservedConcurrency })).when(...many(7))
    expect(grantsOf(facts)).toBe(granted)
  })

  it.each([5, 9])("with %i keeps all of it: a new request skips the account and is no waiter of it", (r) => {
    given(account({ reservedConcurrency: r }))
      .when(acquire("r1"))
      .thenDenied("reserved")
  })

  it("is ignored by an account without a limit", () => {
    const { facts } = given(configured({}, [{ reservedConcurrency: 2 }])).when(...many(20))
    expect(grantsOf(facts)).toBe(20)
  })
})

describe("A4, C6: while less than the configured limit is in force", () => {
  const of = { reserved: 3, limit: 5, inFlight: 0, seen: 100, isCertain: true }

  it.each([
    [1, 1],
    [2, 1],
    [4, 1],
    [5, 2],
  ])("of %i slots %i stay open to new requests", (inForce, open) => {
    expect(openToNew({ ...of, inForce })).toBe(open)
  })
})

describe("F11: a share of the slots", () => {
  const of = { reserved: "auto", limit: 20, inForce: 20, inFlight: 0, seen: 100, isCertain: true } as const

  it.each([1, 2, 3])("reserves nothing of a limit of %i", (limit) => {
    for (let inFlight = 0; inFlight <= limit; inFlight += 1)
      expect(openToNew({ ...of, limit, inForce: limit, inFlight })).toBe(limit)
  })

  it("is a tenth while few requests were seen, whatever the load", () => {
    expect(openToNew({ ...of, seen: 99, inFlight: 20 })).toBe(18)
  })

  it("rises from a tenth at half load to 35 % at full load, rounded down", () => {
    expect([0, 10, 15, 20].map((inFlight) => openToNew({ ...of, inFlight }))).toEqual([18, 18, 16, 13])
  })

  it("rises half as far while the limit is being learned", () => {
    expect([10, 15, 20].map((inFlight) => openToNew({ ...of, inFlight, isCertain: false }))).toEqual([
      18, 17, 16,
    ])
  })
})
