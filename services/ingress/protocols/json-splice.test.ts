import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { spliceMember } from "./json-splice.ts"

const splice = (body: string, key: string, value: string) =>
  spliceMember(Buffer.from(body), key, value).toString()

describe("a member of a body", () => {
  test("is replaced where it stands, and every other byte stays", () => {
    const body = '{ "messages" : [{"model":"inner \\"model\\": 1"}] ,\n "model" :\t"a" , "n":1e3}'
    expect(splice(body, "model", '"b"')).toBe(body.replace('"a"', '"b"'))
  })

  test("is replaced in both places if it stands there twice, since parsers differ in which one counts", () => {
    expect(splice('{"model":"a","x":[{}],"model":{"deep":["]"]}}', "model", '"b"')).toBe(
      '{"model":"b","x":[{}],"model":"b"}',
    )
  })

  test("is found under an escaped name", () => {
    expect(splice('{"mod\\u0065l":"a"}', "model", '"b"')).toBe('{"mod\\u0065l":"b"}')
  })

  test("is added at the front where there is none", () => {
    expect(splice(' {"model":"a"}', "stream_options", '{"include_usage":true}')).toBe(
      ' {"stream_options":{"include_usage":true},"model":"a"}',
    )
  })

  test("can be replaced in any object, and all others mean the same", () => {
    const objects = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue(), { minKeys: 1 })
    fc.assert(
      fc.property(objects, fc.nat({ max: 4 }), (object, indent) => {
        const spliced = JSON.parse(splice(JSON.stringify(object, null, indent), "model", '"b"'))
        expect(spliced).toEqual(JSON.parse(JSON.stringify({ ...object, model: "b" })))
      }),
    )
  })
})
