import fc from "fast-check"
import { expect, test } from "vitest"
import { streamGenerateContent } from "../providers/gemini/generate-content.ts"
import { ListRelay } from "./list-relay.ts"

const usageMetadata = { promptTokenCount: 7, candidatesTokenCount: 3 }
const item = (text: string, finish?: string) =>
  JSON.stringify({
    candidates: [
      { content: { parts: [{ text }] }, ...(finish === undefined ? {} : { finishReason: finish }) },
    ],
    usageMetadata,
  })

/** Returns the bytes to a relay in pieces that end at these places. */
const run = (text: string, cuts: ReadonlyArray<number> = []) => {
  const bytes = Buffer.from(text)
  const passed: Buffer[] = []
  const concluded: boolean[] = []
  const relay = new ListRelay(streamGenerateContent, {
    forward: (chunk) => passed.push(chunk),
    conclude: (whole) => concluded.push(whole),
  })
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  for (const [at, from] of [0, ...places].entries()) relay.data(bytes.subarray(from, places[at]))
  relay.end()
  return {
    relay,
    concluded,
    passed: Buffer.concat(passed).toString(),
    held: relay.takeTail()?.toString() ?? "",
  }
}

test("a list comes out byte for byte however it is cut, and the item that is its end is held back", () => {
  const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { maxLength: 6 })
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 20 }), (given, cuts) => {
      const before = `[${given.map((text) => item(text)).join(",\r\n")}`
      const end = `${given.length === 0 ? "" : ",\r\n"}${item("bye", "STOP")}\n]`
      const { relay, concluded, passed, held } = run(before + end, cuts)
      expect(passed + held).toBe(before + end)
      expect(given.length === 0 || passed === before).toBe(true)
      expect(concluded).toEqual([true])
      expect(relay.figures).toMatchObject({ final: true, tokens: { input: 7, output: 3 } })
    }),
  )
})

test("a list that breaks off is not whole, and one that closes without an end is", () => {
  expect(run(`[${item("a")},`).concluded).toEqual([false])
  const closed = run(`[${item("a")}]`)
  expect([closed.passed, closed.held, closed.concluded]).toEqual([`[${item("a")}`, "]", [true]])
  expect(closed.relay.figures?.final).toBe(false)
})

test("a body that is no list is one item", () => {
  const { passed, held, relay } = run(item("a", "STOP"), [3, 40])
  expect([passed, held]).toEqual(["", item("a", "STOP")])
  expect(relay.figures?.final).toBe(true)
})

test("an item without figures, or one that is no JSON, passes as it is", () => {
  const plain = run('[{"candidates":[]},{"other":[1,"}{"]}]', [5])
  expect([plain.passed + plain.held, plain.concluded]).toEqual([
    '[{"candidates":[]},{"other":[1,"}{"]}]',
    [true],
  ])
  const broken = run(`[${item("a")},{"b":nonsense},${item("c", "STOP")}]`, [40])
  expect(broken.passed + broken.held).toBe(`[${item("a")},{"b":nonsense},${item("c", "STOP")}]`)
  expect(broken.concluded).toEqual([false])
})

test("an error among the items is noticed", () => {
  const { relay, passed } = run(`[${item("a")},{"error":{"code":503}}]`)
  expect(relay.failed).toBe(true)
  expect(passed).toContain("503")
})

test("brackets and quotes inside of texts are no brackets and quotes", () => {
  const text = `[${item('}]"\\[{')},${item("", "STOP")}]`
  expect(run(text).passed).toBe(`[${item('}]"\\[{')}`)
})

test("what comes after the item that is the end is dropped from 64 KiB on", () => {
  const end = item("bye", "STOP")
  const { held } = run(`[${end}${" ".repeat(300_000)}]`, [end.length + 10, 100_000, 200_000])
  expect(held.length).toBe(1 + end.length + 65_536)
})

test("an item that is too long to be held goes on in pieces", () => {
  const long = item("x".repeat(17 * 1024 * 1024))
  const { passed, held } = run(`[${long},${item("", "STOP")}]`, [
    16 * 1024 * 1024 + 500,
    16 * 1024 * 1024 + 900,
  ])
  expect(passed.length).toBe(long.length + 1)
  expect(held).toBe(`,${item("", "STOP")}]`)
})
