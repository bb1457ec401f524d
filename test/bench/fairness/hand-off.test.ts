import { expect, test } from "vitest"
import { idealWaitsMs } from "./hand-off.ts"

test("without loss a request waits for the slot of the one that came as many before it as there are slots", () => {
  const waitsMs = idealWaitsMs([0, 10, 20, 30, 500], { slots: 2, serviceMs: 200 })
  expect(waitsMs).toEqual([0, 0, 180, 180, 0])
})
