import { expect, test } from "vitest"
import { inTurn } from "./turns.ts"

test("each has a turn of the event loop for itself, in the order in which they asked", async () => {
  const turns: Array<string> = []
  for (const name of ["a", "b", "c"]) inTurn(() => turns.push(name))
  inTurn(() => inTurn(() => turns.push("again")))
  const seen: Array<number> = []
  while (!turns.includes("again")) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    seen.push(turns.length)
  }
  expect(turns).toEqual(["a", "b", "c", "again"])
  // No turn of the loop has two of them.
  expect(seen.every((count, nth) => count - (seen[nth - 1] ?? 0) <= 1)).toBe(true)
})
