import { describe, expect, test } from "vitest"
import { WrongKeys } from "./wrong-keys.ts"

const open = () => {
  const at = { ms: 0 }
  const keys = new WrongKeys(() => at.ms)
  const wrong = (caller: string) => keys.pauseOf(caller, { client: undefined, hasKey: true })
  const right = (caller: string, client: string) => keys.pauseOf(caller, { client, hasKey: true })
  return { at, keys, wrong, right }
}

describe("a caller with wrong keys (S9)", () => {
  test("has to pause for a minute after ten in a minute, and others do not", () => {
    const { at, wrong, right } = open()
    expect(Array.from({ length: 10 }, () => wrong("a"))).toEqual(Array(10).fill(0))
    expect([wrong("a"), right("a", "alice"), wrong("b"), right("b", "bob")]).toEqual([60_000, 60_000, 0, 0])
    at.ms = 45_000
    expect(wrong("a")).toBe(15_000)
    at.ms = 60_000
    expect([wrong("a"), right("a", "alice")]).toEqual([0, 0])
  })

  test("does not hold up a client whose key was right from there before", () => {
    const { wrong, right } = open()
    expect(right("a", "alice")).toBe(0)
    for (let n = 0; n < 10; n += 1) wrong("a")
    expect([right("a", "alice"), right("a", "bob"), right("b", "bob")]).toEqual([0, 60_000, 0])
  })

  test("may bring nine a minute, and none at all as often as it likes", () => {
    const { at, keys, wrong } = open()
    for (let minute = 0; minute < 5; minute += 1) {
      at.ms = minute * 60_000
      for (let n = 0; n < 9; n += 1) expect(wrong("a")).toBe(0)
    }
    for (let n = 0; n < 100; n += 1) expect(keys.pauseOf("b", { client: undefined, hasKey: false })).toBe(0)
  })

  test("is forgotten where ten thousand others came after it, so that they take no more memory", () => {
    const { wrong } = open()
    for (let n = 0; n < 10; n += 1) wrong("a")
    expect(wrong("a")).toBe(60_000)
    for (let n = 0; n < 10_000; n += 1) wrong(`other-${n}`)
    expect(wrong("a")).toBe(0)
  })
})
