import type { Tokens } from "@sluice/events/field.ts"
import { describe, expect, test } from "vitest"
import { expectedOf, meteredOf } from "./metering.ts"

const ask: Parameters<typeof expectedOf>[0] = { inputTokens: 100, maxTokens: null, choices: 1 }

describe("what a request is expected to use (D4)", () => {
  test.each<[string, Partial<typeof ask>, number | undefined, number, number]>([
    ["says nothing", {}, undefined, 1_024, 131_072],
    ["says nothing, of a model that is known", {}, 512, 512, 512],
    ["says how much", { maxTokens: 500 }, 64_000, 500, 500],
    ["says more than the model can", { maxTokens: 500_000 }, 64_000, 64_000, 64_000],
    ["says more than any model can", { maxTokens: 100_000_000 }, undefined, 131_072, 131_072],
    ["asks for several answers", { maxTokens: 500, choices: 4 }, 64_000, 2_000, 2_000],
  ])("of one that %s", (_, said, modelOutputTokens, outputTokens, mostOutputTokens) => {
    expect(expectedOf({ ...ask, ...said }, modelOutputTokens)).toEqual({
      estimate: { inputTokens: 100, outputTokens },
      mostOutputTokens,
    })
  })
})

describe("what an attempt is booked with (D1, D4)", () => {
  const told: Tokens = {
    input: 90,
    output: 3,
    cacheRead: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    reasoning: 0,
  }
  const expected = { estimate: { inputTokens: 100, outputTokens: 500 }, mostOutputTokens: 60 }

  test("is the upstream's last figures, whatever has come", () => {
    expect(meteredOf("m", { figures: { tokens: told, final: true }, writtenTokens: 40 }, expected)).toEqual({
      model: "m",
      tokens: told,
      complete: true,
      estimated: false,
    })
  })

  test("is the output that has come, where only the first figures came", () => {
    expect(meteredOf("m", { figures: { tokens: told, final: false }, writtenTokens: 40 }, expected)).toEqual({
      model: "m",
      tokens: { ...told, output: 40 },
      complete: false,
      estimated: false,
    })
  })

  test("is the request's size and the output that has come, where no figures came", () => {
    const output = (writtenTokens: number) =>
      meteredOf("m", { figures: undefined, writtenTokens }, expected).tokens.output
    expect(meteredOf("m", { figures: undefined, writtenTokens: 40 }, expected)).toEqual({
      model: "m",
      tokens: { ...told, input: 100, output: 40 },
      complete: false,
      estimated: true,
    })
    expect(output(1_000)).toBe(60)
    expect(meteredOf("m", undefined, expected).tokens).toEqual({ ...told, input: 100, output: 0 })
  })
})
