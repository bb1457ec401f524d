import type { ModelPrice } from "@sluice/events/configuration/price.ts"
import type { Tokens } from "@sluice/events/field.ts"
import { assert as checkProperty, constant, nat, property, record } from "fast-check"
import { expect, test } from "vitest"
import { costNanoUsd, standardCostNanoUsd } from "./cost.ts"

const nothing: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }

const price: ModelPrice = {
  inputPicoUsd: 3_000_000,
  outputPicoUsd: 15_000_000,
  cacheReadPicoUsd: 300_000,
  cacheWrite5mPicoUsd: 3_750_000,
  cacheWrite1hPicoUsd: 6_000_000,
  longPrompts: [],
}

test("a million tokens of each kind cost the list price of a million", () => {
  const million = 1_000_000
  const cost = (kind: keyof Tokens) => standardCostNanoUsd({ ...nothing, [kind]: million }, price) / 1e9
  expect(cost("input")).toBe(3)
  expect(cost("output")).toBe(15)
  expect(cost("cacheRead")).toBe(0.3)
  expect(cost("cacheWrite5m")).toBe(3.75)
  expect(cost("cacheWrite1h")).toBe(6)
})

test("reasoning is part of the output and is not charged again", () => {
  const output = { ...nothing, output: 1_000 }
  expect(standardCostNanoUsd({ ...output, reasoning: 900 }, price)).toBe(standardCostNanoUsd(output, price))
})

test("the sum is rounded half up, once", () => {
  const cheap: ModelPrice = { ...price, inputPicoUsd: 250, outputPicoUsd: 250 }
  expect(standardCostNanoUsd({ ...nothing, input: 1 }, cheap)).toBe(0)
  expect(standardCostNanoUsd({ ...nothing, input: 1, output: 1 }, cheap)).toBe(1)
  expect(standardCostNanoUsd({ ...nothing, input: 2, output: 3 }, cheap)).toBe(1)
  expect(standardCostNanoUsd({ ...nothing, input: 3, output: 3 }, cheap)).toBe(2)
})

test("a prompt above a threshold, cached tokens included, is charged at its prices as a whole", () => {
  const { longPrompts: _none, ...base } = price
  const dear = { ...base, inputPicoUsd: 6_000_000, cacheReadPicoUsd: 600_000 }
  const tiered: ModelPrice = { ...price, longPrompts: [{ aboveTokens: 200_000, ...dear }] }
  const prompt = (cacheRead: number) => standardCostNanoUsd({ ...nothing, input: 100_000, cacheRead }, tiered)
  expect(prompt(100_000)).toBe(330_000_000)
  expect(prompt(100_001)).toBe(660_000_600)
})

test("costs are exact for any usage, also beyond what a double can hold", () => {
  const tokens = nat(20_000_000)
  const picoUsd = nat(100_000_000)
  const usages = record({
    input: tokens,
    output: tokens,
    cacheRead: tokens,
    cacheWrite5m: tokens,
    cacheWrite1h: tokens,
    reasoning: tokens,
  })
  const prices = record({
    inputPicoUsd: picoUsd,
    outputPicoUsd: picoUsd,
    cacheReadPicoUsd: picoUsd,
    cacheWrite5mPicoUsd: picoUsd,
    cacheWrite1hPicoUsd: picoUsd,
    longPrompts: constant([]),
  })
  checkProperty(
    property(usages, prices, (used, list) => {
      const sum = [
        [used.input, list.inputPicoUsd],
        [used.output, list.outputPicoUsd],
        [used.cacheRead, list.cacheReadPicoUsd],
        [used.cacheWrite5m, list.cacheWrite5mPicoUsd],
        [used.cacheWrite1h, list.cacheWrite1hPicoUsd],
      ].reduce((total, [count = 0, each = 0]) => total + BigInt(count) * BigInt(each), 0n)
      const cost = BigInt(standardCostNanoUsd(used, list))
      const error = cost * 1_000n - sum
      expect(error > -500n && error <= 500n).toBe(true)
    }),
  )
})

test("no attempt costs more than 10,000 USD, whatever its tokens, prices and multiplier are", () => {
  const dearest = { ...price, outputPicoUsd: 1e12 }
  const standard = standardCostNanoUsd({ ...nothing, output: 100_000_000 }, dearest)
  expect(standard).toBe(10_000 * 1e9)
  expect(costNanoUsd(standard, 1e300)).toBe(10_000 * 1e9)
})

test("a multiplier makes what the account pays of the standard cost", () => {
  expect(costNanoUsd(1_001, 0.5)).toBe(501)
  expect(costNanoUsd(1_000, 0)).toBe(0)
})
