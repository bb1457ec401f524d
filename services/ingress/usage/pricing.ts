import { standardCostNanoUsd } from "@sluice/actors/rules/cost.ts"
import type { Tokens } from "@sluice/events/field.ts"
import type { PriceTable } from "@sluice/infra/prices/prices.ts"

/** So many models are known to have been told; a caller may name any, where a channel serves a pattern. */
const toldModelsMax = 1_000

/** What a number of tokens costs by the list. */
export interface ListCost {
  readonly standardCostNanoUsd: number
  readonly priced: boolean
  readonly prices: string
}

/**
 * Prices what an attempt used; a model without a price is told once, and never silently free. No tokens cost nothing at any price.
 *
 * Source: D2.
 */
export const createPricing = (
  table: () => PriceTable,
  onUnpriced: (model: string) => void,
): ((model: string, tokens: Tokens) => ListCost) => {
  const told = new Set<string>()
  return (model, tokens) => {
    const { version, priceOf } = table()
    const price = priceOf(model)
    if (price !== undefined)
      return { standardCostNanoUsd: standardCostNanoUsd(tokens, price), priced: true, prices: version }
    if (isNothing(tokens)) return { standardCostNanoUsd: 0, priced: true, prices: version }
    if (!told.has(model)) {
      if (told.size >= toldModelsMax) told.clear()
      told.add(model)
      onUnpriced(model)
    }
    return { standardCostNanoUsd: 0, priced: false, prices: version }
  }
}

const isNothing = ({ input, output, cacheRead, cacheWrite5m, cacheWrite1h }: Tokens): boolean =>
  input + output + cacheRead + cacheWrite5m + cacheWrite1h === 0
