import fc from "fast-check"
import { expect, test } from "vitest"
import { category, text } from "./column-types.ts"
import { NativeRows } from "./native-rows.ts"
import { readNative } from "./read-native.ts"
import { type EveryType, everyType } from "./testing/every-type.ts"

const wellFormed = fc.string({ unit: "binary", maxLength: 300 })
const anyRow: fc.Arbitrary<EveryType> = fc.record({
  count: fc.maxSafeNat(),
  signed: fc.maxSafeInteger(),
  small: fc.nat({ max: 2 ** 32 - 1 }),
  ratio: fc.double({ noNaN: true }),
  flag: fc.boolean(),
  note: wellFormed,
  told: fc.dictionary(fc.string(), fc.nat()),
  at: fc.nat(),
  cost: fc.maxSafeNat(),
  kind: fc.oneof(fc.constantFrom("a", "b"), wellFormed),
  until: fc.option(fc.nat()),
})
/** Rows come by the message, and messages by the block. */
const blocks = fc.array(fc.array(fc.array(anyRow, { maxLength: 4 }), { minLength: 1, maxLength: 20 }), {
  maxLength: 5,
})

const names = Object.keys(everyType)
const listed = (row: EveryType) => Object.values({ ...row, told: JSON.stringify(row.told) })

test("a block tells the rows that came since the block before it, whatever that held", () => {
  fc.assert(
    fc.property(blocks, (all) => {
      const rows = new NativeRows(everyType)
      for (const messages of all) {
        for (const message of messages) rows.add(message)
        const expected = messages.flat()
        expect(rows.count).toBe(expected.length)
        const told = readNative(rows.block())
        expect(told.names).toEqual(names)
        expect(told.rows).toEqual(expected.map(listed))
        rows.clear()
      }
    }),
    { numRuns: 60 },
  )
})

test.each([42, 43, 127, 128, 16_383, 16_384])(
  "a text of %i letters has its length in bytes before it",
  (length) => {
    for (const letter of ["a", "é", "語"]) {
      const rows = new NativeRows({ note: text, kind: category })
      const note = letter.repeat(length)
      rows.add([{ note, kind: note }])
      expect(readNative(rows.block()).rows).toEqual([[note, note]])
    }
  },
)

test("half of a surrogate pair becomes the sign for what cannot be written", () => {
  const rows = new NativeRows({ note: text })
  rows.add([{ note: "demo-\ud800-gpt" }])
  expect(readNative(rows.block()).rows).toEqual([["demo-\ufffd-gpt"]])
})

test("a block is written into the memory of the one before it, unless that was far larger", () => {
  const rows = new NativeRows({ note: text })
  const memoryOf = (note: string) => {
    rows.add([{ note }])
    const memory = rows.block().at(-1)?.buffer
    rows.clear()
    return memory
  }
  const large = "x".repeat(1_000_000)
  const first = memoryOf(large)
  expect(memoryOf(large)).toBe(first)
  expect(memoryOf("small")).toBe(first)
  expect(memoryOf(large)).not.toBe(first)
})
