import fc from "fast-check"
import { expect, test } from "vitest"
import { createGrowingRows } from "./growing-rows.ts"

const line = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 })
/** Rows come by the message, and messages by the block. */
const blocks = fc.array(fc.array(fc.array(line, { minLength: 1, maxLength: 5 }), { maxLength: 60 }), {
  maxLength: 8,
})

test("gives the lines of each block as they came, whatever the block before it held", () => {
  fc.assert(
    fc.property(blocks, fc.integer({ min: 1, max: 2_000 }), (all, repeated) => {
      const rows = createGrowingRows(["a"])
      for (const messages of all) {
        const lines = messages.map((message) => message.map((text) => text.repeat(repeated)))
        for (const message of lines) rows.add(message)
        expect(rows.count).toBe(lines.flat().length)
        expect(new TextDecoder().decode(rows.bytes())).toBe(lines.flat().join("\n"))
        rows.clear()
        expect({ count: rows.count, length: rows.bytes().length }).toEqual({ count: 0, length: 0 })
      }
    }),
    { numRuns: 30 },
  )
})

test("writes a block into the memory of the one before it, unless that was far larger", () => {
  const rows = createGrowingRows(["a"])
  const large = "x".repeat(1_000_000)
  const memoryOf = (text: string) => {
    rows.add([text])
    const { buffer } = rows.bytes()
    rows.clear()
    return buffer
  }
  const first = memoryOf(large)
  expect(memoryOf(large)).toBe(first)
  expect(memoryOf("small")).toBe(first)
  expect(memoryOf(large)).not.toBe(first)
})
