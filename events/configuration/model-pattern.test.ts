import fc from "fast-check"
import picomatch from "picomatch"
import { describe, expect, test } from "vitest"
import { readModelPattern } from "./model-pattern.ts"

const read = (pattern: string) => {
  const found = readModelPattern(pattern)
  if (typeof found === "string") throw new Error(`${pattern}: ${found}`)
  return found
}

test.each([
  ["gpt-4o", ["gpt-4o"], ["gpt-4", "gpt-4o-mini", "GPT-4o"]],
  ["*", ["a", "vendor/family", ".a"], []],
  ["gpt-*", ["gpt-", "gpt-5"], ["xgpt-5", "gpt"]],
  ["*-mini", ["a-mini", "-mini"], ["a-mini-2", "mini"]],
  ["**", ["a/b"], []],
  ["a*b*c", ["abc", "a-b-b-c"], ["acb", "ab", "a*b"]],
  ["gpt-?", ["gpt-4"], ["gpt-", "gpt-40"]],
  ["gpt-[3-5]*", ["gpt-4o", "gpt-3"], ["gpt-6", "gpt-"]],
  ["m[!a-c]", ["md", "m-"], ["ma", "m"]],
  ["m[a-]", ["ma", "m-"], ["mb"]],
  ["{gpt,o}-*", ["gpt-5", "o-1"], ["claude-1"]],
  ["a{b{1,2},c}d", ["ab1d", "ab2d", "acd"], ["abd", "ad"]],
  ["a{,-x}", ["a", "a-x"], ["a-"]],
])("%s matches what it says and nothing else", (pattern, those, others) => {
  const { matches } = read(pattern)
  expect(those.filter((model) => !matches(model))).toEqual([])
  expect(others.filter(matches)).toEqual([])
})

test.each([
  "a{b",
  "a}b",
  "a[b",
  "a]b",
  "!(a)",
  "+(a|b)*",
  "(a|b)",
  "!a",
  "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}",
  "a".repeat(257),
])("%s is no pattern", (pattern) => expect(readModelPattern(pattern)).toBeTypeOf("string"))

test("any texts around stars match as a regular expression would say", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 })
  const names = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(letters, names, (pattern, model) => {
      const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`)
      expect(read(pattern).matches(model)).toBe(expression.test(model))
    }),
  )
})

test("what both know means the same as in picomatch, which takes its time with many stars", () => {
  const piece = fc.constantFrom("a", "b", "-", "*", "?", "[ab]", "[a-b]", "[^a]", "{a,b}", "{a,-b*}")
  const names = fc.string({ unit: fc.constantFrom("a", "b", "-", "c"), minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), names, (pieces, model) => {
      const pattern = pieces.join("")
      const matches = picomatch(pattern, { bash: true, dot: true })
      expect([pattern, model, read(pattern).matches(model)]).toEqual([pattern, model, matches(model)])
    }),
  )
})

describe("the time that a match takes", () => {
  test("does not grow with the number of stars", () => {
    let steps = 0
    const counted = new Proxy(
      { length: 300_000, charCodeAt: () => 0x61 },
      {
        get: (of, name) => {
          if (name === "charCodeAt") steps += 1
          return Reflect.get(of, name) as unknown
        },
      },
    )
    expect(read("*a*a*a*a*a*b").matches(counted as unknown as string)).toBe(false)
    expect(steps).toBeLessThan(2 * 300_000)
  })
})
