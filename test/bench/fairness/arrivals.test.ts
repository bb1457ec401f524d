import { expect, test } from "vitest"
import { atOnce, atRandom, evenly, leavingAtRandom, together } from "./arrivals.ts"

const rate = { client: "polite", perSecond: 150, seconds: 40 } as const

test("a rate has exactly its requests, evenly over its time", () => {
  const times = evenly({ client: "polite", perSecond: 10, seconds: 8 }).map(({ atMs }) => atMs)
  expect(times).toHaveLength(80)
  expect([times[0], times[1], times.at(-1)]).toEqual([50, 150, 7_950])
})

test("requests that come at random keep their rate and bunch as independent ones do", () => {
  const times = atRandom(rate, 1).map(({ atMs }) => atMs)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(times.at(-1)).toBeLessThan(40_000)
  expect(Math.abs(times.length - 6_000)).toBeLessThan(250)
  const gapsMs = times.slice(1).map((time, at) => time - times[at]!)
  const longerThanMean = gapsMs.filter((gapMs) => gapMs > 1_000 / 150).length / gapsMs.length
  expect(longerThanMean).toBeCloseTo(Math.exp(-1), 1)
})

test("the same seed gives the same requests, another seed others", () => {
  expect(atRandom(rate, 1)).toEqual(atRandom(rate, 1))
  expect(atRandom(rate, 1)).not.toEqual(atRandom(rate, 2))
})

test("the given part of the clients leaves, at times all over the given span", () => {
  const arrivals = leavingAtRandom(atOnce(4_000), { part: 0.6, withinMs: 400, seed: 1 })
  const times = arrivals.flatMap(({ leavesAfterMs }) => leavesAfterMs ?? [])
  expect(Math.abs(times.length - 2_400)).toBeLessThan(120)
  expect(times.filter((time) => time < 200).length / times.length).toBeCloseTo(0.5, 1)
  expect(times.every((time) => time >= 0 && time < 400)).toBe(true)
})

test("the requests of two clients stand in the order of their times", () => {
  const arrivals = together(
    evenly({ client: "greedy", perSecond: 3, seconds: 1 }),
    evenly({ client: "polite", perSecond: 1, seconds: 1 }),
  )
  expect(arrivals.map(({ client }) => client)).toEqual(["greedy", "greedy", "polite", "greedy"])
})
