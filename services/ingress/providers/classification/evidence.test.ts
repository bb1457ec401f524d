import { expect, test } from "vitest"
import { readMeaning } from "../../testing/read-meaning.ts"

const evidenceOf = (headers: Readonly<Record<string, string>>, error: object = {}, declared?: "tokens") =>
  readMeaning("openai", { headers, body: { error } }, declared).rejection?.evidence ?? {}

test("the evidence of one fact is at most 2 KB, whatever the answer's headers are", () => {
  const many = Object.fromEntries(
    Array.from({ length: 200 }, (_, at) => [
      `x-ratelimit-limit-${"n".repeat(at % 90)}-${at}`,
      '"\\'.repeat(4_000),
    ]),
  )
  const long = { [`x-ratelimit-${"n".repeat(10_000)}`]: "1" }
  for (const headers of [many, long, { ...long, ...many }]) {
    const evidence = evidenceOf(headers, { code: "c".repeat(64), type: "t".repeat(64) }, "tokens")
    expect(Buffer.byteLength(JSON.stringify(evidence))).toBeLessThanOrEqual(2_048)
    expect(evidence).toMatchObject({ "error.code": "c".repeat(64), "channel.unknownRejection": "tokens" })
  }
})

test("a value is at most 128 characters of printable ASCII", () => {
  const evidence = evidenceOf({
    "retry-after": "1",
    "x-ratelimit-a": `\u001b]0;owned\u0007\r\u009b${"é".repeat(9)}2`,
  })
  expect(evidence).toEqual({ "retry-after": "1", "x-ratelimit-a": "]0;owned2" })
  expect(evidenceOf({ "x-ratelimit-a": "1".repeat(500) })["x-ratelimit-a"]).toHaveLength(128)
})

test("an error's code that is no name of the provider's is none", () => {
  for (const code of ["owned\u001b[31m", "a b", "c".repeat(65)]) {
    const rejection = readMeaning("openai", { body: { error: { code } } }).rejection
    expect(rejection).toMatchObject({ evidence: {}, summary: "429" })
  }
})
