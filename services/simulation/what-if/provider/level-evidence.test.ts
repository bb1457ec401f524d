import { expect, test } from "vitest"
import type { RecordedAttempt } from "../recording/recorded-attempt.ts"
import { attempt, failed, rejected } from "../testing/attempts.ts"
import { levelEvidence } from "./level-evidence.ts"

const isCrowded = ({ outcome }: RecordedAttempt) => outcome === "rate_limited"

const told = (attempts: ReadonlyArray<RecordedAttempt>, roundTripMs = 0) =>
  levelEvidence(attempts, { roundTripMs, isCrowded }).map(({ atMs, level, isRejected }) => [
    atMs,
    level,
    isRejected,
  ])

test("a level counts the attempt itself and those that are served when it comes", () => {
  expect(told([attempt(0), attempt(500), attempt(1_200)])).toEqual([
    [0, 1, false],
    [500, 2, false],
    [1_200, 2, false],
  ])
})

test("what was rejected or has failed is served by nobody", () => {
  const crowd = [
    attempt(0),
    rejected(10, "concurrency"),
    failed(20),
    rejected(30, "concurrency"),
    attempt(40),
  ]
  expect(told(crowd)).toEqual([
    [0, 1, false],
    [10, 2, true],
    [30, 2, true],
    [40, 2, false],
  ])
})

test("what ends within a round trip had ended at the provider, and both answers stay true if messages vary", () => {
  const crowd = [attempt(0), attempt(930), rejected(930, "concurrency"), attempt(980)]
  expect(told(crowd, 60)).toEqual([
    [0, 1, false],
    [930, 1, false],
    [930, 3, true],
    [980, 2, false],
  ])
})
