import { expect, test } from "vitest"
import { shareProcessors } from "./processors.ts"

const sharing = (...allowed: ReadonlyArray<number>) => {
  const kept: Array<ReadonlyArray<number>> = []
  const share = shareProcessors({ allowed, keepTo: (processors) => kept.push(processors) })
  return { share, kept }
}

test("half of the processors are left to others, the odd one too", () => {
  expect(sharing(0, 1).kept).toEqual([[1]])
  expect(sharing(2, 4, 6, 8, 10).kept).toEqual([[8, 10]])
})

test("where there is one, it is used", () => {
  const { share, kept } = sharing(3)
  share.adjust(60_000)
  expect(kept).toEqual([])
})

test("while the tables are late all processors are used, until they are in time again", () => {
  const { share, kept } = sharing(0, 1)
  const seen = [0, 2_900, 3_100, 2_900, 9_000, 2_100, 1_900, 2_900].map((lateMs) => {
    share.adjust(lateMs)
    return kept.at(-1)?.length
  })
  expect(seen).toEqual([1, 1, 2, 2, 2, 2, 1, 1])
  expect(kept).toHaveLength(3)
})
