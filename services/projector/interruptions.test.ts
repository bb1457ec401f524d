import { manualClock } from "@sluice/infra/clock/clock.ts"
import { expect, test } from "vitest"
import { Interruptions } from "./interruptions.ts"

const open = () => {
  const lines: Array<readonly [string, unknown]> = []
  const write = (fields: unknown, message?: string) => void lines.push([message ?? "", fields])
  const clock = manualClock()
  return { lines, clock, interruptions: new Interruptions({ error: write, info: write } as never, clock) }
}

test("an outage that is tried a hundred times is a line at its begin, one a minute, and one at its end with the count", () => {
  const { lines, clock, interruptions } = open()
  const gone = new Error("no connection")
  for (let times = 0; times < 20; times += 1) {
    interruptions.interrupted(gone, 5_000)
    clock.advance(5_000)
  }
  interruptions.follows()
  clock.advance(10_000)
  expect(lines).toEqual([
    ["projection interrupted", { err: gone, retryMs: 5_000, times: 1 }],
    ["projection interrupted", { err: gone, retryMs: 5_000, times: 13 }],
    ["the projection goes on", { times: 20, lastedMs: 100_000 }],
  ])
})

test("a projection that follows and breaks off again for the same reason is one trouble, another reason is told at once", () => {
  const { lines, clock, interruptions } = open()
  for (let times = 0; times < 5; times += 1) {
    interruptions.interrupted(new Error("the disk is full"), 200)
    interruptions.follows()
    clock.advance(1_000)
  }
  expect(lines).toHaveLength(1)
  interruptions.interrupted(new Error("no connection"), 200)
  expect(lines).toHaveLength(2)
  interruptions.follows()
  interruptions.stop()
  clock.advance(60_000)
  expect(lines).toHaveLength(2)
})
