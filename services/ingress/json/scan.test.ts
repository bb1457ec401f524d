import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { outlineOf } from "./outline.ts"
import { JsonScan } from "./scan.ts"

const outline = outlineOf({
  model: "value",
  stream: "value",
  options: { include_usage: "value", tokens: "value" },
  choices: { finish: "value" },
  messages: "files",
})

const pieces = (text: string | Buffer, cuts: ReadonlyArray<number>) => {
  const bytes = Buffer.from(text)
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...places].map((from, at) => bytes.subarray(from, places[at] ?? bytes.length))
}

const scan = (text: string | Buffer, cuts: ReadonlyArray<number> = [], isStrict = true) => {
  const scanned = new JsonScan(outline, { isStrict })
  for (const piece of pieces(text, cuts)) scanned.feed(piece)
  return scanned
}

const isObjectOrList = (text: string): boolean => {
  try {
    return typeof (JSON.parse(text) ?? 0) === "object"
  } catch {
    return false
  }
}

const structure = ["{", "}", "[", "]", ",", ":", " ", "\t", "\f", "é", "\u2028"]
const scalars = [
  '"a"',
  '"\\u00e9"',
  '"\\x"',
  '"\\u12"',
  '"\n"',
  '"',
  "\\",
  "0",
  "-",
  "1",
  "01",
  ".",
  "5",
  "e",
  "E+",
].concat(["-0.1e-2", "true", "fals", "e", "null", "nul"])
const memberAt = (value: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((of, name) => (of as Record<string, unknown>)[name], value)

const cutsAnywhere = fc.array(fc.nat(), { maxLength: 20 })

describe("a scan of JSON that is cut into pieces anywhere", () => {
  test("takes for JSON what is", () => {
    const values = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()))
    fc.assert(
      fc.property(values, fc.nat({ max: 3 }), cutsAnywhere, (value, indent, cuts) => {
        const scanned = scan(JSON.stringify(value, null, indent), cuts, false)
        expect([scanned.isWhole, scanned.problem]).toEqual([true, undefined])
      }),
    )
  })

  test("takes for JSON nothing else", () => {
    const token = fc.constantFrom(...structure, ...scalars)
    fc.assert(
      fc.property(fc.array(token, { maxLength: 9 }), cutsAnywhere, (tokens, cuts) => {
        for (const text of [tokens.join(""), `[${tokens.join("")}]`, `{"a":${tokens.join("")}}`]) {
          const { isWhole, problem, json } = scan(text, cuts, false)
          const isJson = isWhole && problem === undefined && json !== undefined
          expect([text, isJson]).toEqual([text, isObjectOrList(text)])
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test("reads the members that it is to read, wherever they are cut", () => {
    const given = {
      other: { model: "inner", options: [1] },
      model: 'a "quoted" \u00e9 name',
      messages: [{ model: "x", content: "}{" }],
      options: { include_usage: true, more: { tokens: 1 }, tokens: { a: [1, "]"] } },
      choices: [{ finish: "stop", text: "a" }, 7, { finish: null }],
      stream: false,
    }
    const { other: _, messages: __, ...read } = given
    const { more: ___, ...options } = read.options
    const choices = [{ finish: "stop" }, null, { finish: null }]
    fc.assert(
      fc.property(fc.nat({ max: 2 }), cutsAnywhere, (indent, cuts) => {
        const text = JSON.stringify(given, null, indent)
        const { json, ranges } = scan(text, cuts, false)
        expect(json).toEqual({ ...read, options, choices })
        expect(ranges).toEqual([])
        const { choices: ____, ...strict } = given
        const strictText = JSON.stringify(strict, null, indent)
        const found = scan(strictText, cuts).ranges.filter(({ path }) => path !== "messages")
        expect(
          found.map(({ start, end }) => JSON.parse(Buffer.from(strictText).toString("utf8", start, end))),
        ).toEqual(found.map(({ path }) => memberAt(strict, path)))
      }),
    )
  })
})

describe("what readers take differently is a problem", () => {
  test.each([
    '{"model":"a","model":"a"}',
    '{"model":"a","Model":"b"}',
    '{"MODEL":"a"}',
    '{"mod\\u0065l":"a","model":"b"}',
    '{"\\u006dodel":"a","x":[{}],"\\u006d\\u006f\\u0064\\u0065\\u006c":"b"}',
    '{"\\u004dodel":"a"}',
    '{"ſtream":true}',
    '{"to\\u212Aens":1,"options":{"to\\u212aens":1}}',
    '{"options":{"include_usage":true,"include_usage":false}}',
    '{"options":{"Include_Usage":true}}',
    '{"messages":[],"messages":[]}',
    '{"options":{},"options":{}}',
  ])("%s", (text) => {
    for (let cut = 0; cut < text.length; cut += 1) expect(scan(text, [cut]).problem).toBeDefined()
  })

  test("and nothing else is, whatever its name", () => {
    const text =
      '{"mod\\u0065l":"a","models":1,"model ":2,"temperature":1,"temperature":2,"é":1,"É":2,"options":{"model":1,"a":1,"a":2}}'
    for (let cut = 0; cut < text.length; cut += 1) {
      const { problem, json } = scan(text, [cut])
      expect([problem, json]).toEqual([undefined, { model: "a", options: {} }])
    }
  })

  test("as is a value that is too long to be read, where it is to be read", () => {
    const long = "x".repeat(20_000)
    for (const cuts of [[], [100], [5, 10_000, 19_000]]) {
      expect(scan(JSON.stringify({ model: long }), cuts).problem).toContain("model")
      expect(scan(JSON.stringify({ messages: long, user: long }), cuts).problem).toBeUndefined()
      const loose = scan(JSON.stringify({ model: long, stream: true }), cuts, false)
      expect([loose.problem, loose.json]).toEqual([undefined, { stream: true }])
    }
  })
})

test("what is nested too deep is a problem, and what is nested less is not", () => {
  const nested = (levels: number) => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`
  expect(scan(nested(512)).problem).toBeUndefined()
  expect(scan(nested(513)).problem).toContain("512")
})

test("files are counted where the protocols put them, and by the length of their texts", () => {
  const file = "A".repeat(2_000)
  const sizeOf = (messages: unknown, cuts: ReadonlyArray<number> = []) =>
    scan(JSON.stringify({ model: "m", messages }), cuts).files
  const parts = [
    { type: "image_url", image_url: { url: file } },
    { type: "input_image", image_url: file },
    { type: "image", source: { type: "base64", data: file } },
    { inlineData: { mimeType: "image/png", data: file } },
    { type: "tool_result", content: [{ type: "image", source: { data: file } }] },
  ]
  for (const cuts of [[], [30, 60, 90], [1_000, 3_000, 7_777]])
    expect(sizeOf([{ role: "user", content: parts }], cuts)).toEqual({ count: 5, bytes: 10_000 })
  const nothing = { count: 0, bytes: 0 }
  expect(sizeOf([{ role: "user", content: [{ text: file, data: "short" }] }])).toEqual(nothing)
  expect(sizeOf([{ data: file, tool: { data: file } }])).toEqual({ count: 1, bytes: 2_000 })
  expect(sizeOf(file)).toEqual(nothing)
  expect(scan(JSON.stringify({ other: [{ data: file }] })).files).toEqual(nothing)
})

test("a scan that stops at the end leaves what comes then", () => {
  const scanned = new JsonScan(outline, { stopsAtEnd: true })
  expect(scanned.feed(Buffer.from(' {"model":"a"} ,{"mo'))).toBe(14)
  expect([scanned.isWhole, scanned.json]).toEqual([true, { model: "a" }])
})
