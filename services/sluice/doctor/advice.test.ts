import type { Diagnosis } from "@sluice/infra/operations/diagnosis.ts"
import { expect, test } from "vitest"
import { adviceLines, adviceOn, clockLines, summaryOf } from "./advice.ts"

const of = (account: string | null, reason: string | null, more: Partial<Diagnosis> = {}): Diagnosis => ({
  channel: "c",
  account,
  model: null,
  reason,
  until: null,
  inFlight: 0,
  limit: null,
  waiting: 0,
  ...more,
})

test("a summary counts the accounts that would take a request, and those of a closed channel would not", () => {
  expect(summaryOf([of(null, null), of("a", null), of("b", "suspended")])).toBe(
    "1 of 2 accounts would take a new request now",
  )
  expect(summaryOf([of(null, "disabled"), of("a", null)])).toBe(
    "0 of 1 accounts would take a new request now",
  )
  expect(summaryOf([])).toMatch(/^there is no account .* sluice check/)
})

test("where nobody would, it says when the first one does", () => {
  const until = Date.UTC(2026, 10, 20, 7, 8, 9)
  const all = [of(null, null), of("a", "cooling", { until }), of("b", "cooling", { until: until + 1 })]
  expect(summaryOf(all)).toBe(
    "0 of 2 accounts would take a new request now, the next at 2026-11-20 07:08:09.000 UTC",
  )
})

test("what cools for one model alone is not counted as in the way of all", () => {
  expect(summaryOf([of(null, null), of("a", null), of("a", "model_cooling", { model: "m" })])).toMatch(
    /^1 of 1 /,
  )
})

test("advice names what to do, once for each reason, and for whom", () => {
  const all = [of(null, null), of("a", "suspended"), of("b", "suspended"), of("d", "saturated")]
  expect(adviceOn(all[1] ?? of(null, null))).toBe("check its credential, then sluice reset account/a")
  expect(adviceOn(of(null, null))).toBe("")
  expect(adviceLines(all)).toEqual([
    "suspended (account/a, account/b): check its credential, then sluice reset ACTOR",
    "saturated (account/d): the next attempt that ends frees a slot; more need a higher limit",
  ])
})

test("a channel whose actors are not at the time of the clock is named, with how far they are from it", () => {
  expect(clockLines([of(null, null), of("a", null), of(null, null, { channel: "d", aheadMs: 999 })])).toEqual(
    [],
  )
  const all = [of(null, null, { aheadMs: 6_000_000 }), of("a", null, { aheadMs: 6_000_000 })]
  expect(clockLines([...all, of(null, null, { channel: "d", aheadMs: -6_000_000 })])).toEqual([
    expect.stringMatching(/^the time of channel\/c is 100 min ahead /),
    expect.stringMatching(/^the time of channel\/d is 100 min behind /),
  ])
})
