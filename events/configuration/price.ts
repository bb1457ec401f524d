/** What one token of each kind costs. Units: pico-USD (10⁻¹² USD), whole. Source: D1, P8. */
export interface TokenPrices {
  readonly inputPicoUsd: number
  readonly outputPicoUsd: number
  readonly cacheReadPicoUsd: number
  readonly cacheWrite5mPicoUsd: number
  readonly cacheWrite1hPicoUsd: number
}

/**
 * The list price of a model: what its tokens cost, and what they cost instead where the prompt is long.
 *
 * Shape: `longPrompts` is in falling order of `aboveTokens`; a prompt is all input, cached or not.
 */
export interface ModelPrice extends TokenPrices {
  /** How many tokens the model can write at most, where the list says it. */
  readonly mostOutputTokens?: number
  readonly longPrompts: ReadonlyArray<TokenPrices & { readonly aboveTokens: number }>
}
