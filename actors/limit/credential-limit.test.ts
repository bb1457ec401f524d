import type { Fact } from "@sluice/events/commit.ts"
import { describe, expect, it } from "vitest"
import type { Command, Configure } from "../decisions/command.ts"
import { acquire, configured, enqueue, given, release } from "../testing/specification.ts"

interface Account {
  readonly id: string
  readonly credential: string | null
  readonly enabled?: boolean
}

/** A channel with these accounts of a limit of 2 each, and their credentials. */
const accounts = (...of: ReadonlyArray<Account>): Command => ({
  ...(configured(
    { maxConcurrent: 100 },
    of.map(({ id, enabled = true }) => ({ id, enabled, concurrency: 2 })),
  ) as Configure),
  credentials: new Map(of.flatMap(({ id, credential }) => (credential === null ? [] : [[id, credential]]))),
})

const served = (facts: ReadonlyArray<Fact>): ReadonlyArray<string> =>
  facts.flatMap((fact) => (fact.type === "channel.acquired" ? [`${fact.request} on ${fact.account}`] : []))

const old = { id: "old", credential: "key" }
const renamed = accounts({ id: "new", credential: "key" })
const full = [accounts(old), acquire("r1"), acquire("r2")]

describe("A2: an account that comes in the place of another with its credential", () => {
  it("has only what that one's attempts have left of the limit", () => {
    given(...full, renamed)
      .when(acquire("r3"))
      .thenDenied("saturated")
    const { facts } = given(...full, renamed, release("r1", { account: "old" })).when(
      acquire("r3"),
      acquire("r4"),
    )
    expect(served(facts)).toEqual(["r3 on new"])
  })

  it("gives a slot to a waiter when an attempt of the other one ends", () => {
    const { facts } = given(...full, renamed, enqueue("r3"), enqueue("r4")).when(
      release("r2", { account: "old" }),
    )
    expect(served(facts)).toEqual(["r3 on new"])
  })

  it("waits for one that is disabled and still carries attempts", () => {
    const both = accounts({ ...old, enabled: false }, { id: "new", credential: "key" })
    given(...full, both)
      .when(acquire("r3"))
      .thenDenied("saturated")
  })

  it("waits for one that has another credential since", () => {
    const both = accounts({ id: "old", credential: "other" }, { id: "new", credential: "key" })
    const { facts } = given(...full, both).when(acquire("r3", { account: "new" }))
    expect(served(facts)).toEqual([])
  })

  it("has all of its limit where it has another credential, or none is known", () => {
    const other = accounts({ id: "new", credential: "other" })
    expect(served(given(...full, other).when(acquire("r3")).facts)).toEqual(["r3 on new"])
    const unnamed = [accounts({ ...old, credential: null }), acquire("r1"), acquire("r2")]
    const none = accounts({ id: "new", credential: null })
    expect(served(given(...unnamed, none).when(acquire("r3")).facts)).toEqual(["r3 on new"])
  })

  it("has a limit of its own beside one that is configured with it", () => {
    const both = accounts(old, { id: "new", credential: "key" })
    const all = ["r1", "r2", "r3", "r4", "r5"].map((request) => acquire(request))
    expect(served(given(both).when(...all).facts)).toHaveLength(4)
  })
})
