import { mkdtempDisposable, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { expect, test } from "vitest"
import { loadPrices } from "./prices.ts"

const builtIn = await Effect.runPromise(loadPrices())

const gpt4o = (inputUsd: number): string =>
  JSON.stringify({ "gpt-4o": { input_cost_per_token: inputUsd, output_cost_per_token: 1e-6 } })

const withOverride = async (json: string) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-prices-"))
  const overrideFile = join(folder.path, "prices.json")
  await writeFile(overrideFile, json)
  return await Effect.runPromise(loadPrices({ overrideFile }))
}

test("the version of the built-in table is its day", () => {
  expect(builtIn.version).toBe("2026-07-15")
})

test.each([
  ["as it is listed", "gpt-4o-2024-05-13", 5_000_000],
  ["under a newer date", "gpt-4o-2099-01-01", 2_500_000],
  ["under a date without dashes", "claude-opus-4-5-20991231", 5_000_000],
  ["as the latest", "gpt-4.1-mini-latest", 400_000],
  ["with its provider", "anthropic/claude-haiku-4-5", 1_000_000],
  ["as Gemini names it", "models/gemini-2.5-pro", 1_250_000],
  ["of embeddings", "text-embedding-3-small", 20_000],
  ["without the provider that it is listed with", "gemini-2.5-flash", 300_000],
  ["of the demo", "demo-gpt", 1_000_000],
])("a model is found %s", (_, model, inputPicoUsd) => {
  expect(builtIn.priceOf(model)?.inputPicoUsd).toBe(inputPicoUsd)
})

test.each(["gpt-4o-maxi", "azure/gpt-4o", "toString", ""])("%j has no price", (model) => {
  expect(builtIn.priceOf(model)).toBeUndefined()
})

test("a file's prices go before the built-in ones, and its content names the table", async () => {
  const prices = await withOverride(gpt4o(1e-6))
  expect(prices.priceOf("gpt-4o")?.inputPicoUsd).toBe(1_000_000)
  expect(prices.priceOf("gpt-4o-2024-05-13")?.inputPicoUsd).toBe(5_000_000)
  expect(prices.priceOf("claude-haiku-4-5")).toEqual(builtIn.priceOf("claude-haiku-4-5"))
  expect(prices.version).toMatch(/^2026-07-15\+[0-9a-f]{8}$/u)
  expect((await withOverride(gpt4o(2e-6))).version).not.toBe(prices.version)
})

test("a file that is not there is an error that names it", async () => {
  const error = await Effect.runPromise(Effect.flip(loadPrices({ overrideFile: "/nowhere/prices.json" })))
  expect(error.message).toBe("/nowhere/prices.json: cannot be read")
})
