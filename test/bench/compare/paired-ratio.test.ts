import { expect, test } from "vitest"
import { intervalOfMedian, pairedRatio, standing } from "./paired-ratio.ts"

const ofLength = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, at) => at + 1)

test("of 15 figures the interval goes from the 4th smallest to the 4th greatest, in whatever order they come", () => {
  const figures = [9, 2, 15, 7, 1, 12, 4, 10, 14, 3, 6, 13, 8, 5, 11]
  expect(intervalOfMedian(figures)).toEqual({ low: 4, high: 12 })
})

test.each([
  [6, 1, 6],
  [8, 1, 8],
  [9, 2, 8],
  [12, 3, 10],
  [20, 6, 15],
  [30, 10, 21],
])("of %i figures it goes from rank %i to rank %i, as in the tables of the sign test", (count, low, high) => {
  expect(intervalOfMedian(ofLength(count))).toEqual({ low, high })
})

test("fewer than 6 figures have no interval of 95 %", () => {
  expect(ofLength(6).map((count) => intervalOfMedian(ofLength(count - 1)))).toEqual(
    Array.from({ length: 6 }, () => undefined),
  )
})

test("three figures that are far off on one side leave the interval where it was", () => {
  const figures = [...ofLength(12), 1_000, 2_000, 3_000]
  expect(intervalOfMedian(figures)).toEqual({ low: 4, high: 12 })
})

test("the ratio is taken pair by pair, so that what slows both sides of a pair cancels", () => {
  const pairs = [1, 10, 100, 2, 20, 200].map((before) => ({ before, after: before * 1.5 }))
  expect(pairedRatio(pairs)).toEqual({
    before: 15,
    after: 22.5,
    ratio: 1.5,
    interval: { low: 1.5, high: 1.5 },
  })
})

test("only an interval that lies above the bound as a whole is above it", () => {
  const ratioWithin = (low: number, high: number) =>
    pairedRatio([low, low, low, high, high, high].map((after) => ({ before: 1, after })))
  expect(standing(ratioWithin(0.99, 1.05), 1.05)).toBe("within")
  expect(standing(ratioWithin(0.99, 1.06), 1.05)).toBe("open")
  expect(standing(ratioWithin(1.051, 1.2), 1.05)).toBe("above")
  expect(standing(pairedRatio([{ before: 1, after: 2 }]), 1.05)).toBe("open")
})
