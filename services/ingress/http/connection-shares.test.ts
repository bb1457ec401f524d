import { expect, test } from "vitest"
import { ConnectionShares } from "./connection-shares.ts"

const takenBy = (shares: ConnectionShares, caller: string | undefined, times: number): number =>
  Array.from({ length: times }, () => shares.take(caller)).filter(Boolean).length

test("one caller alone gets half of all connections, and there is room for others (S9)", () => {
  const shares = new ConnectionShares(100)
  expect(takenBy(shares, "a", 1_000)).toBe(50)
  expect(takenBy(shares, "b", 1_000)).toBe(25)
  expect(takenBy(shares, "polite", 5)).toBe(5)
})

test("callers that take in turn get the same, and leave as much", () => {
  const shares = new ConnectionShares(100)
  const callers = ["a", "b", "c", "d"]
  const taken = new Map(callers.map((caller) => [caller, 0]))
  for (let turn = 0; turn < 100; turn += 1)
    for (const caller of callers) if (shares.take(caller)) taken.set(caller, (taken.get(caller) ?? 0) + 1)
  expect([...taken.values()]).toEqual([20, 20, 20, 20])
})

test("what is given back can be taken again, and nobody in particular has no share", () => {
  const shares = new ConnectionShares(10)
  expect(takenBy(shares, undefined, 4)).toBe(4)
  expect(takenBy(shares, "a", 10)).toBe(3)
  shares.giveBack("a")
  expect([shares.take("a"), shares.take("a")]).toEqual([true, false])
  for (let n = 0; n < 4; n += 1) shares.giveBack(undefined)
  expect(takenBy(shares, "a", 10)).toBe(2)
})
