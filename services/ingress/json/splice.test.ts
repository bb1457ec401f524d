import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { outlineOf } from "./outline.ts"
import { JsonScan } from "./scan.ts"
import { type Edit, splice } from "./splice.ts"

const outline = outlineOf({ model: "value", options: { usage: "value" } })

const spliced = (body: string, ...edits: ReadonlyArray<Edit>) => {
  const bytes = Buffer.from(body)
  const scan = new JsonScan(outline, { isStrict: true })
  scan.feed(bytes)
  return splice(bytes, scan.ranges, edits).toString()
}
const toB = { path: "model", value: '"b"' }
const asking = { path: "options.usage", value: "true" }

describe("a member of a body", () => {
  test("is replaced where it stands, and every other byte stays", () => {
    const body = '{ "messages" : [{"model":"inner \\"model\\": 1"}] ,\n "model" :\t"a" , "n":1e3}'
    expect(spliced(body, toB)).toBe(body.replace('"a"', '"b"'))
  })

  test("is found under an escaped name", () => {
    expect(spliced('{"mod\\u0065l":"a"}', toB)).toBe('{"mod\\u0065l":"b"}')
  })

  test("is added at the front where there is none", () => {
    expect(spliced(' {"model":"a"}', { path: "options", value: '{"usage":true}' })).toBe(
      ' {"options":{"usage":true},"model":"a"}',
    )
  })

  test("may be one of an object that is there, empty or not", () => {
    expect(spliced('{"a":[{}],"options": { "x":1}}', asking)).toBe(
      '{"a":[{}],"options": {"usage":true, "x":1}}',
    )
    expect(spliced('{"options":{ }}', asking)).toBe('{"options":{"usage":true }}')
    expect(spliced('{"options":{"x":1,"usage": false}}', asking)).toBe('{"options":{"x":1,"usage": true}}')
  })

  test("may be one of several that change", () => {
    expect(spliced('{"options":{},"model":"a","n":1}', toB, asking)).toBe(
      '{"options":{"usage":true},"model":"b","n":1}',
    )
  })

  test("can be replaced in any object, and all others mean the same", () => {
    const objects = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue(), { minKeys: 1 })
    fc.assert(
      fc.property(objects, fc.nat({ max: 4 }), (object, indent) => {
        const body = JSON.stringify(object, null, indent)
        expect(JSON.parse(spliced(body, toB))).toEqual(JSON.parse(JSON.stringify({ ...object, model: "b" })))
      }),
    )
  })
})
