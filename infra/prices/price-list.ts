import type { ModelPrice, TokenPrices } from "@sluice/events/configuration/price.ts"
import { BigDecimal, Result, Schema } from "effect"

/** A list of prices that cannot be read, and why, a line each. */
export class InvalidPrices extends Schema.TaggedError<InvalidPrices>()("InvalidPrices", {
  file: Schema.String,
  problems: Schema.Array(Schema.String),
}) {
  /** Lists the problems, a line each. */
  override get message(): string {
    return this.problems.map((problem) => `${this.file}: ${problem}`).join("\n")
  }
}

const fields = {
  inputPicoUsd: "input_cost_per_token",
  outputPicoUsd: "output_cost_per_token",
  cacheReadPicoUsd: "cache_read_input_token_cost",
  cacheWrite5mPicoUsd: "cache_creation_input_token_cost",
  cacheWrite1hPicoUsd: "cache_creation_input_token_cost_above_1hr",
} as const

type Kind = keyof typeof fields

/** What stands in LiteLLM's file beside its models. */
const notModels: ReadonlySet<string> = new Set(["sample_spec", "fallback_generalizations"])

const Entry = Schema.Record(Schema.String, Schema.Unknown)
const isEntry = Schema.is(Entry)
const decode = Schema.decodeUnknownResult(Entry)

/**
 * Reads a list of prices in the format of LiteLLM's `model_prices_and_context_window.json`, as far as it is about tokens.
 *
 * Models without both an input and an output price per token are left out. A price of cache tokens that is absent is that of the
 * input (of a 1 h write: that of a 5 min write, if there is one). Beside prices `max_output_tokens` is read, where it is a number.
 * Source: P8.
 */
export const parsePriceList = (
  file: string,
  json: string,
): Result.Result<ReadonlyMap<string, ModelPrice>, InvalidPrices> =>
  Result.gen(function* () {
    const raw = yield* Result.try({
      try: () => JSON.parse(json) as unknown,
      catch: () => new InvalidPrices({ file, problems: ["is not valid JSON"] }),
    })
    const list = yield* Result.mapError(
      decode(raw),
      () => new InvalidPrices({ file, problems: ["is not a map of models to their prices"] }),
    )
    const problems: Array<string> = []
    const prices = new Map<string, ModelPrice>()
    for (const [model, entry] of Object.entries(list)) {
      if (notModels.has(model)) continue
      const report = (problem: string): void => void problems.push(`${model}: ${problem}`)
      const price = isEntry(entry) ? priceIn(entry, report) : report("is not a map of prices")
      if (price !== undefined) prices.set(model, price)
    }
    return problems.length > 0 ? yield* Result.fail(new InvalidPrices({ file, problems })) : prices
  })

type Report = (problem: string) => void

const priceIn = (entry: typeof Entry.Type, report: Report): ModelPrice | undefined => {
  if (entry[fields.inputPicoUsd] === undefined || entry[fields.outputPicoUsd] === undefined) return undefined
  const base = withFallbacks((kind) => picoUsdIn(entry, fields[kind], report))
  const longPrompts = thresholdsIn(entry).map((thousands) => ({
    aboveTokens: thousands * 1_000,
    ...withFallbacks(
      (kind) =>
        picoUsdIn(entry, `${fields[kind]}_above_${thousands}k_tokens`, report) ??
        picoUsdIn(entry, fields[kind], reported),
    ),
  }))
  const mostOutput = entry["max_output_tokens"]
  return isCount(mostOutput)
    ? { ...base, longPrompts, mostOutputTokens: mostOutput }
    : { ...base, longPrompts }
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0

// What is wrong with a base price is reported with the base.
const reported: Report = () => undefined

const withFallbacks = (priceOf: (kind: Kind) => number | undefined): TokenPrices => {
  const inputPicoUsd = priceOf("inputPicoUsd") ?? 0
  const cacheWrite5mPicoUsd = priceOf("cacheWrite5mPicoUsd") ?? inputPicoUsd
  return {
    inputPicoUsd,
    outputPicoUsd: priceOf("outputPicoUsd") ?? 0,
    cacheReadPicoUsd: priceOf("cacheReadPicoUsd") ?? inputPicoUsd,
    cacheWrite5mPicoUsd,
    cacheWrite1hPicoUsd: priceOf("cacheWrite1hPicoUsd") ?? cacheWrite5mPicoUsd,
  }
}

/** The highest first, so that the first one that a prompt exceeds is the right one. */
const thresholdsIn = (entry: typeof Entry.Type): ReadonlyArray<number> => {
  const found = Object.keys(entry).map(
    (name) => /^(?:input|output)_cost_per_token_above_(\d+)k_tokens$/u.exec(name)?.[1],
  )
  return [...new Set(found.filter((thousands) => thousands !== undefined).map(Number))].toSorted(
    (a, b) => b - a,
  )
}

const picoUsdIn = (entry: typeof Entry.Type, name: string, report: Report): number | undefined => {
  const usd = entry[name]
  if (usd === undefined || usd === null) return undefined
  if (typeof usd === "number" && usd >= 0 && usd <= highestUsd) return picoUsdOf(usd)
  report(`${name} is not valid: expected USD per token, a number from 0 to ${highestUsd}`)
  return undefined
}

/** A price above it is an error in units: the dearest list price known is 0.0006 USD for a token. */
const highestUsd = 1

/** A JSON number goes through its shortest decimal text, because 3e-8 × 10¹² is not whole in doubles; what is finer is rounded half up. */
const picoUsdOf = (usd: number): number => {
  const { value, scale } = BigDecimal.round(BigDecimal.fromNumberUnsafe(usd), {
    scale: 12,
    mode: "half-from-zero",
  })
  return Number(value * 10n ** BigInt(12 - scale))
}
