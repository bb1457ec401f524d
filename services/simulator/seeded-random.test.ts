import { expect, test } from "vitest"
import { drawAround, drawId, seededRandom } from "./seeded-random.ts"

const drawsOf = (seed: number, stream: string | number) =>
  Array.from({ length: 20 }, seededRandom(seed, stream))

test("a stream is the same for the same seed and name, and no two streams share a draw", () => {
  expect(drawsOf(7, "r-1")).toEqual(drawsOf(7, "r-1"))
  const streams = Array.from({ length: 400 }, (_, at) => drawsOf(1, at + 1))
  expect(new Set([...streams, drawsOf(2, 1), drawsOf(1, "r-1"), drawsOf(1, "r-2")].flat()).size).toBe(
    403 * 20,
  )
})

test("an id has the length that was asked for and values lie evenly around their mean", () => {
  const random = seededRandom(1, 1)
  expect([1, 22, 24, 25].map((length) => drawId(random, length).length)).toEqual([1, 22, 24, 25])
  const values = Array.from({ length: 10_000 }, () => drawAround(random, 100, 0.2))
  expect([Math.min(...values) >= 80, Math.max(...values) <= 120]).toEqual([true, true])
  expect(values.reduce((sum, value) => sum + value) / values.length).toBeCloseTo(100, 0)
})
