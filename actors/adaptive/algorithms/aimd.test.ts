import { describe, expect, it } from "vitest"
import { limitsOf, manySucceeded, refused, succeeded } from "../../testing/evidence.ts"
import { aimd } from "./aimd.ts"

describe("AIMD", () => {
  it("raises the limit by one after a limit's worth of attempts that used it", () => {
    const evidence = manySucceeded(10, { fromMs: 0, everyMs: 100, level: 10 })
    expect(limitsOf(aimd, evidence.slice(0, 9))).toEqual([10])
    expect(limitsOf(aimd, evidence)).toEqual([10, 11])
  })

  it("learns nothing from attempts while a quarter or more of the limit is free", () => {
    expect(limitsOf(aimd, manySucceeded(100, { fromMs: 0, everyMs: 10, level: 7 }))).toEqual([10])
    expect(limitsOf(aimd, manySucceeded(10, { fromMs: 0, everyMs: 10, level: 8 }))).toEqual([10, 11])
  })

  it("takes 30 % off for a whole burst, and again for the next", () => {
    const burst = [1, 2, 3].map((late) => refused({ sentMs: 0, atMs: 100 + late, level: 10 }))
    expect(limitsOf(aimd, burst)).toEqual([10, 7])
    expect(limitsOf(aimd, [...burst, refused({ sentMs: 200, atMs: 300, level: 7 })])).toEqual([10, 7, 4])
  })

  it("does not grow by what was sent before the decrease", () => {
    const late = Array.from({ length: 20 }, (_, nth) => succeeded({ sentMs: 0, atMs: 200 + nth, level: 10 }))
    expect(limitsOf(aimd, [refused({ sentMs: 1, atMs: 100, level: 10 }), ...late])).toEqual([10, 7])
  })
})
