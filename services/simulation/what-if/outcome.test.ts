import { expect, test } from "vitest"
import { differencesOf } from "./check-of-itself.ts"
import { type Outcome, OutcomeCount } from "./outcome.ts"

const ended = (code: string, waitMs: number, ...statuses: ReadonlyArray<number>) => ({
  code,
  waitMs,
  attempts: statuses.map((status, nth) => ({
    attempt: nth + 1,
    channel: "c",
    account: "a",
    outcome: "ok" as const,
    status,
    waitMs: 0,
  })),
})

test("requests are counted by how they end, waits only of those that were completed", () => {
  const count = new OutcomeCount()
  for (let nth = 1; nth <= 100; nth += 1) count.take(ended("ok", nth, 429, 200))
  count.take(ended("channel_queue_full", 9_999))
  count.take(ended("upstream_error", 0, 500))
  expect(count.outcome([{ channel: "c", meanInFlight: 1, utilization: null }])).toEqual({
    requests: 102,
    completed: 100,
    codes: { channel_queue_full: 1, upstream_error: 1 },
    attempts: 201,
    rejections: 100,
    waits: { p50: 50, p95: 95, p99: 99 },
    costNanoUsd: 0,
    channels: [{ channel: "c", meanInFlight: 1, utilization: null, attempts: 201, rejections: 100 }],
  })
})

test("a run as it was configured may be off by 2 %, or by 3 where that is more", () => {
  const recorded: Outcome = {
    ...new OutcomeCount().outcome([]),
    completed: 1_000,
    codes: { no_candidate: 5 },
    rejections: 8,
  }
  const off = (more: Partial<Outcome>) => differencesOf(recorded, { ...recorded, ...more })
  expect(off({ completed: 980, rejections: 11, codes: { no_candidate: 2 } })).toEqual([])
  expect(off({ completed: 979, codes: { no_candidate: 5, all_cooling: 4 } })).toEqual([
    { what: "completed", recorded: 1_000, again: 979 },
    { what: "all_cooling", recorded: 0, again: 4 },
  ])
})
