import { expect, it } from "vitest"
import { Fold } from "./fold.ts"
import { counting, type Starts, stored } from "./testing/counting.ts"

const checkpoint = (state: Starts) => counting.checkpoint(state, { subject: "", at: 7 })

const folded = (...commits: ReadonlyArray<ReturnType<typeof stored>>) => {
  const fold = new Fold(counting)
  for (const commit of commits) fold.add(commit)
  fold.finish()
  return fold
}

it("L5: a fold that begins in the middle begins with a checkpoint", () => {
  const fold = folded(stored(5, checkpoint({ count: 4, names: ["a"] })), stored(6, ["b", ""]))
  expect(fold.state).toEqual({ count: 6, names: ["a", "b"] })
  expect(fold).toMatchObject({ position: { version: 6, sequence: 60 }, epoch: 3, lastAt: 6 })
  expect(fold.checkpoint).toEqual({ version: 5, sequence: 50, at: 7, factsSince: 2 })
})

it("L11: a fold that begins in the middle with anything else is refused", () => {
  expect(() => folded(stored(5, ["a"]))).toThrow("version 5 follows 0")
  const second = checkpoint({ count: 4, names: ["a"] }).slice(1)
  expect(() => folded(stored(5, second))).toThrow("version 5 follows 0")
})

it("L11: a gap behind the first commit is refused, also before a checkpoint", () => {
  const late = stored(4, checkpoint({ count: 9, names: [] }))
  expect(() => folded(stored(1, ["a"]), late)).toThrow("version 4 follows 1")
})

it("L13: a checkpoint that is read on the way changes nothing", () => {
  const head = [stored(1, ["a"]), stored(2, ["b"])]
  const middle = stored(3, checkpoint({ count: 2, names: ["a", "b"] }))
  const tail = stored(4, ["c"])
  const { state } = folded(...head, middle, tail)
  expect(folded(middle, tail).state).toEqual(state)
  expect(folded(...head, stored(3, ["c"])).state).toEqual(state)
})

it("L6: a checkpoint goes over several commits, and is one only when all of it is there", () => {
  const parts = checkpoint({ count: 9, names: ["a", "b"] })
  const [first, second, third] = parts.map((part, nth) => stored(nth + 5, [part]))
  if (first === undefined || second === undefined || third === undefined) throw new Error("too few parts")
  expect(folded(first, second, third).state).toEqual({ count: 9, names: ["a", "b"] })
  expect(() => folded(first, second)).toThrow("not written to its end")
  expect(() => folded(first, second, stored(7, ["c"]))).toThrow("not written to its end")
})

it("L6: a checkpoint whose end was not written is none", () => {
  const [first, second] = checkpoint({ count: 9, names: ["a"] })
  if (first === undefined || second === undefined) throw new Error("too few parts")
  const fold = folded(stored(1, ["a"]), stored(2, [first]), stored(3, ["b"]), stored(4, [second]))
  expect(fold.state).toEqual({ count: 2, names: ["a", "b"] })
  expect(fold.checkpoint).toBeUndefined()
})

it("L11: a checkpoint of later code is passed over where the commits before it are there", () => {
  const later = checkpoint({ count: 9, names: [] }).map((fact) => ({ ...fact, shape: 2 }))
  expect(folded(stored(1, ["a"]), stored(2, later), stored(3, ["b"])).state).toEqual({
    count: 2,
    names: ["a", "b"],
  })
  expect(() => folded(stored(5, later))).toThrow("later code wrote (shape 2)")
})
