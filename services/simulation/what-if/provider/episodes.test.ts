import { expect, test } from "vitest"
import type { RecordedAttempt } from "../recording/recorded-attempt.ts"
import { attempt, failed, rejected } from "../testing/attempts.ts"
import { findEpisodes } from "./episodes.ts"

const find = (attempts: ReadonlyArray<RecordedAttempt>) =>
  findEpisodes(attempts, ({ outcome }) => outcome !== "ok").map(({ fromMs, toMs, most }) => ({
    fromMs,
    toMs,
    most,
  }))

test("failures in a row make a time in which everything fails, to the middle before what was taken next", () => {
  expect(find([attempt(0), failed(100), failed(200), failed(300), attempt(1_300)])).toEqual([
    { fromMs: 100, toMs: 800, most: Infinity },
  ])
})

test("a single failure is one, and is forgotten after a minute", () => {
  expect(find([attempt(0), failed(100), attempt(200), failed(300)])).toEqual([
    { fromMs: 100, toMs: 60_100, most: 1 },
    { fromMs: 300, toMs: 60_300, most: 1 },
  ])
})

test("a provider that says how long it takes nothing is believed, up to what it took before that", () => {
  const told = { retryAfterMs: 30_000 }
  expect(find([rejected(0, "overloaded", told)])).toEqual([{ fromMs: 0, toMs: 30_050, most: Infinity }])
  expect(find([rejected(0, "overloaded", told), attempt(9_000)])).toEqual([
    { fromMs: 0, toMs: 8_999, most: Infinity },
  ])
})
