import { expect, test } from "vitest"
import { attempt } from "../testing/attempts.ts"
import type { RecordedRequest } from "./recorded-attempt.ts"
import { ServiceTimes } from "./service-times.ts"

const requestsOf = (ids: ReadonlyArray<string>) =>
  ids.map((request) => ({ request, model: "m" }) as RecordedRequest)

const observed = Array.from({ length: 100 }, (_, nth) =>
  attempt(nth, { request: `seen-${nth}`, tookMs: 10 + 10 * nth }),
)
const unseen = Array.from({ length: 30 }, (_, nth) => `unseen-${nth}`)
const times = (seed = 1, more: typeof observed = []) =>
  new ServiceTimes({ requests: requestsOf(unseen), attempts: [...observed, ...more] }, seed)
const drawn = (from: ServiceTimes) => unseen.map((request) => from.workOf({ request, model: "m" }).serviceMs)

test("what was observed is as it was, there", () => {
  expect(times().workOf({ request: "seen-7", model: "m" }, "c")).toMatchObject({
    serviceMs: 80,
    firstByteMs: 80,
  })
})

test("what was not is drawn by the seed, with about the mean of what was observed", () => {
  const one = drawn(times())
  expect(drawn(times())).toEqual(one)
  expect(drawn(times(2))).not.toEqual(one)
  const mean = one.reduce((sum, ms) => sum + ms, 0) / one.length
  expect(mean).toBeGreaterThan(470)
  expect(mean).toBeLessThan(540)
})

test("another channel has times of its own where enough are known, else the request keeps what it took", () => {
  const slow = Array.from({ length: 20 }, (_, nth) =>
    attempt(nth, { request: `slow-${nth}`, channel: "d", tookMs: 60_000 + nth }),
  )
  const seen = { request: "seen-7", model: "m" }
  expect(times(1, slow).workOf(seen, "d").serviceMs).toBeGreaterThanOrEqual(60_000)
  expect(times(1, slow.slice(1)).workOf(seen, "d").serviceMs).toBe(80)
})

test("an answer that was cut short tells no time, and one whose client had left does if it came whole", () => {
  const left = { outcome: "client_closed", tookMs: 700 } as const
  const usage = { tokens: zero, complete: true, costNanoUsd: 0 }
  const of = (complete: boolean) =>
    new ServiceTimes({ requests: [], attempts: [attempt(0, { ...left, usage: { ...usage, complete } })] }, 1)
  expect([of(true).observed, of(false).observed]).toEqual([1, 0])
})

const zero = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
