import { describe, expect, it } from "vitest"
import type { Command } from "../decisions/command.ts"
import { acquire, configured, enqueue, given, release, start } from "../testing/specification.ts"
import { standingOf } from "./score.ts"

const many = (count: number) => Array.from({ length: count }, (_, n) => acquire(`r${n}`))
const standing = (...before: ReadonlyArray<Command>) => standingOf(given(...before).when().group, start)

describe("B3: the score of a channel", () => {
  it("of 9 out of 10 busy lies above that of 10 out of 10 with an empty queue", () => {
    const nine = standing(configured({ maxConcurrent: 10 }), ...many(9))
    const ten = standing(configured({ maxConcurrent: 10 }), ...many(10))
    expect(nine.score).toBeCloseTo(0.37)
    expect(ten.score).toBeCloseTo(0.3)
    expect([nine.hasFreeSlot, ten.hasFreeSlot]).toEqual([true, false])
  })

  it("falls with those who wait, to 0 where the queue is full", () => {
    const full = [configured({ maxConcurrent: 1, queueSize: 2 }), ...many(1)]
    expect(standing(...full, enqueue("w1")).score).toBeCloseTo(0.15)
    expect(standing(...full, enqueue("w1"), enqueue("w2")).score).toBe(0)
  })

  it("is 0 at a soft limit and without a queue", () => {
    expect(standing(configured({ maxConcurrent: 1, mode: "soft" }), ...many(1)).score).toBe(0)
    expect(standing(configured({ maxConcurrent: 1, queueSize: 0 }), ...many(1)).score).toBe(0)
  })

  it("goes by the smaller of the channel's limit and that of its accounts together", () => {
    expect(
      standing(configured({ maxConcurrent: 10 }, [{ concurrency: 1 }, { concurrency: 1 }]), ...many(1)).score,
    ).toBeCloseTo(0.65)
  })

  it("is 1 where nothing is limited, also after a limit was taken away", () => {
    expect(standing(configured()).score).toBe(1)
    expect(standing(configured({ maxConcurrent: 1 }), ...many(1), configured()).score).toBe(1)
  })

  it("goes by what is left of its rates where that is less", () => {
    const busy = [acquire("r1"), release("r1")]
    expect(standing(configured({ maxConcurrent: 10, rpm: 60, burstSeconds: 2 }), ...busy).score).toBeCloseTo(
      0.5,
    )
    expect(standing(configured({ maxConcurrent: 10, tpm: 60 }), acquire("r1")).score).toBe(0)
  })
})
