import { mostCostNanoUsd } from "@sluice/events/bounds.ts"
import type { ModelPrice, TokenPrices } from "@sluice/events/configuration/price.ts"
import type { Tokens } from "@sluice/events/field.ts"

const picoPerNano = 1_000

/**
 * Returns the list price of what one attempt used: tokens × price per kind, rounded half up to nano-USD once.
 *
 * Reasoning tokens are part of `output` and are not charged again. Where a list knows no price for a kind of cache token, its price
 * is already that of an input token. A prompt longer than a threshold of the list is charged at that threshold's prices as a whole.
 * It is no more than `mostCostNanoUsd`.
 * Units: nano-USD. Source: D1, D2.
 */
export const standardCostNanoUsd = (tokens: Tokens, price: ModelPrice): number => {
  const rates = ratesFor(price, tokens.input + tokens.cacheRead + tokens.cacheWrite5m + tokens.cacheWrite1h)
  const picoUsd =
    tokens.input * rates.inputPicoUsd +
    tokens.output * rates.outputPicoUsd +
    tokens.cacheRead * rates.cacheReadPicoUsd +
    tokens.cacheWrite5m * rates.cacheWrite5mPicoUsd +
    tokens.cacheWrite1h * rates.cacheWrite1hPicoUsd
  const nanoUsd = picoUsd <= Number.MAX_SAFE_INTEGER ? roundedToNano(picoUsd) : exactNano(tokens, rates)
  return Math.min(nanoUsd, mostCostNanoUsd)
}

/**
 * Returns what an account pays for a standard cost, rounded half up to nano-USD, at most `mostCostNanoUsd`.
 *
 * Units: nano-USD. Source: D2.
 */
export const costNanoUsd = (standardNanoUsd: number, costMultiplier: number): number =>
  Math.min(Math.round(standardNanoUsd * costMultiplier), mostCostNanoUsd)

const ratesFor = (price: ModelPrice, promptTokens: number): TokenPrices => {
  for (const rates of price.longPrompts) if (promptTokens > rates.aboveTokens) return rates
  return price
}

// The remainder is exact where a quotient of large numbers would already be rounded.
const roundedToNano = (picoUsd: number): number => {
  const rest = picoUsd % picoPerNano
  return (picoUsd - rest) / picoPerNano + (rest * 2 >= picoPerNano ? 1 : 0)
}

const exactNano = (tokens: Tokens, rates: TokenPrices): number => {
  const picoUsd =
    BigInt(tokens.input) * BigInt(rates.inputPicoUsd) +
    BigInt(tokens.output) * BigInt(rates.outputPicoUsd) +
    BigInt(tokens.cacheRead) * BigInt(rates.cacheReadPicoUsd) +
    BigInt(tokens.cacheWrite5m) * BigInt(rates.cacheWrite5mPicoUsd) +
    BigInt(tokens.cacheWrite1h) * BigInt(rates.cacheWrite1hPicoUsd)
  return Number((picoUsd + 500n) / 1_000n)
}
