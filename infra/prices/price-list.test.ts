import { Result } from "effect"
import { assert as checkProperty, boolean, nat, property } from "fast-check"
import { expect, test } from "vitest"
import { parsePriceList } from "./price-list.ts"

const parsed = (list: object) => Result.getOrThrow(parsePriceList("prices.json", JSON.stringify(list)))

const problemsOf = (json: string) => {
  const result = parsePriceList("prices.json", json)
  return Result.isFailure(result) ? result.failure.message : undefined
}

test("prices become whole pico-USD, also where doubles would miss", () => {
  const prices = parsed({
    "model-a": {
      input_cost_per_token: 3e-8,
      output_cost_per_token: 1.5e-7,
      cache_read_input_token_cost: 1e-9,
    },
  })
  expect(prices.get("model-a")).toMatchObject({
    inputPicoUsd: 30_000,
    outputPicoUsd: 150_000,
    cacheReadPicoUsd: 1_000,
  })
})

test("every price in steps of a pico-USD is read exactly, however it is written", () => {
  checkProperty(
    property(nat(1_000_000_000), boolean(), (picoUsd, isPlain) => {
      const written = isPlain ? (picoUsd / 1e12).toFixed(12) : `${picoUsd}e-12`
      const json = `{ "m": { "input_cost_per_token": ${written}, "output_cost_per_token": 0 } }`
      expect(Result.getOrThrow(parsePriceList("prices.json", json)).get("m")?.inputPicoUsd).toBe(picoUsd)
    }),
  )
})

test("a finer price is rounded half up", () => {
  const prices = parsed({
    m: { input_cost_per_token: 2.9999900000000002e-6, output_cost_per_token: 1.5e-12 },
  })
  expect(prices.get("m")).toMatchObject({ inputPicoUsd: 2_999_990, outputPicoUsd: 2 })
})

test("an absent cache price is that of the input", () => {
  const prices = parsed({
    "no-cache": { input_cost_per_token: 1e-6, output_cost_per_token: 4e-6 },
    "5m-only": {
      input_cost_per_token: 1e-6,
      output_cost_per_token: 4e-6,
      cache_creation_input_token_cost: 1.25e-6,
    },
  })
  expect(prices.get("no-cache")).toMatchObject({
    cacheReadPicoUsd: 1_000_000,
    cacheWrite5mPicoUsd: 1_000_000,
    cacheWrite1hPicoUsd: 1_000_000,
  })
  expect(prices.get("5m-only")?.cacheWrite1hPicoUsd).toBe(1_250_000)
})

test("prices of long prompts stand by threshold, the highest first, and fall back to the base", () => {
  const price = parsed({
    m: {
      input_cost_per_token: 1e-6,
      output_cost_per_token: 4e-6,
      cache_read_input_token_cost: 1e-7,
      input_cost_per_token_above_128k_tokens: 2e-6,
      input_cost_per_token_above_200k_tokens: 3e-6,
      output_cost_per_token_above_200k_tokens: 6e-6,
      input_cost_per_token_above_200k_tokens_priority: 9e-6,
    },
  }).get("m")
  expect(price?.longPrompts).toEqual([
    {
      aboveTokens: 200_000,
      inputPicoUsd: 3_000_000,
      outputPicoUsd: 6_000_000,
      cacheReadPicoUsd: 100_000,
      cacheWrite5mPicoUsd: 3_000_000,
      cacheWrite1hPicoUsd: 3_000_000,
    },
    expect.objectContaining({ aboveTokens: 128_000, inputPicoUsd: 2_000_000, outputPicoUsd: 4_000_000 }),
  ])
})

test("a model without prices per token is left out, and so is what is no model", () => {
  const prices = parsed({
    sample_spec: { input_cost_per_token: 0, output_cost_per_token: 0, mode: "one of: chat, embedding" },
    "gpt-image-2": { output_cost_per_image: 0.06 },
  })
  expect(prices.size).toBe(0)
})

test.each([
  ["{", "prices.json: is not valid JSON"],
  ["[]", "prices.json: is not a map of models to their prices"],
  ['{ "m": 3 }', "prices.json: m: is not a map of prices"],
  [
    '{ "m": { "input_cost_per_token": -1, "output_cost_per_token": "4e-6" } }',
    [
      "prices.json: m: input_cost_per_token is not valid: expected USD per token, a number from 0 to 1",
      "prices.json: m: output_cost_per_token is not valid: expected USD per token, a number from 0 to 1",
    ].join("\n"),
  ],
])("%s is refused", (json, message) => {
  expect(problemsOf(json)).toBe(message)
})
