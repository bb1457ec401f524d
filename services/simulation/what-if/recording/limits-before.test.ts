import type { Fact } from "@sluice/events/commit.ts"
import { expect, test } from "vitest"
import { configurationOf } from "../testing/virtual-record.ts"
import { limitsBefore, withLimits } from "./limits-before.ts"

const limitsAfter = (concurrency: unknown, ...facts: ReadonlyArray<object>) => {
  const told = facts.map((fact) => ({ actor: "account/a", at: 10, ...fact }) as Fact)
  const wanted = configurationOf([
    { id: "a", concurrency },
    { id: "b", concurrency: 2 },
  ])
  return withLimits(wanted, limitsBefore(told, 100)).channels[0]?.accounts.map(
    (account) => account.concurrency,
  )
}

const adjusted = { type: "account.limit_adjusted", to: 23 }

test("a limit that is learned begins where it was, and a fixed one is as it is configured", () => {
  expect(limitsAfter("adaptive", adjusted)).toMatchObject([{ adaptive: { initial: 23 } }, 2])
  expect(limitsAfter(9, adjusted)).toEqual([9, 2])
})

test("what happens later is left to the run", () => {
  expect(limitsAfter("adaptive", { ...adjusted, at: 100 })).toMatchObject([
    { adaptive: { initial: null } },
    2,
  ])
})

test("a limit that was set by hand holds until the account is configured again", () => {
  const set = { type: "account.mode_changed", to: 5, limit: 5 }
  expect(limitsAfter("adaptive", set)).toEqual([5, 2])
  expect(limitsAfter(9, set, { type: "account.configured" })).toEqual([9, 2])
})
