import { expect, test } from "vitest"
import type { RecordedAttempt } from "../recording/recorded-attempt.ts"
import { attempt, rejected } from "../testing/attempts.ts"
import { fitRate } from "./rate-rule.ts"

const isOverRate = ({ outcome }: RecordedAttempt) => outcome === "rate_limited"

const fit = (attempts: ReadonlyArray<RecordedAttempt>) =>
  fitRate({ kind: "requests", attempts, isOverRate, isTurnedDown: isOverRate, spreadMs: 0 })

/** Six requests a second for three minutes at a provider that takes 120 a minute, counted in whole minutes. */
const strictMinutes = (perMinuteStated?: number): ReadonlyArray<RecordedAttempt> =>
  Array.from({ length: 1_080 }, (_, nth) => {
    const atMs = Math.round((nth * 1_000) / 6)
    const stated = perMinuteStated === undefined ? {} : { statedPerMinute: perMinuteStated }
    return nth % 360 < 120 ? attempt(atMs) : rejected(atMs, "requests", stated)
  })

test("no limit is found where nothing was rejected", () => {
  expect(fit([attempt(0), attempt(10)])).toBeUndefined()
})

test("the limit is what the provider takes in a minute, though it does not say it", () => {
  expect(fit(strictMinutes())).toMatchObject({ rule: { perMinute: 120, window: "minute" }, mistakes: 0 })
})

test("a provider that states its limit is believed, also where less was seen", () => {
  expect(fit(strictMinutes(120).slice(100, 130))?.rule.perMinute).toBe(120)
})

test("what a limit would have let through is not explained by it", () => {
  const early = rejected(3_000, "requests")
  const found = fit([early, ...strictMinutes()].toSorted((one, other) => one.startedAt - other.startedAt))
  expect([...(found?.unexplained ?? [])]).toEqual([early])
})
