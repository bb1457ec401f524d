import { type Estimate, tokensOf } from "@sluice/events/field.ts"
import type { Metered } from "./lease.ts"
import type { Figures } from "./protocols/protocol.ts"

const assumedOutputTokens = 1_024

/** What a request is expected to use: its size, and the most that it lets the model write. Source: D4. */
export const estimateOf = (inputTokens: number, maxTokens: number | null): Estimate => ({
  inputTokens,
  outputTokens: maxTokens ?? assumedOutputTokens,
})

/**
 * What an attempt is booked with: the upstream's figures, complete if the final ones came, or else the estimate.
 *
 * Source: D1, D4.
 */
export const meteredOf = (model: string, figures: Figures | undefined, estimate: Estimate): Metered => {
  if (figures !== undefined) {
    return { model, tokens: figures.tokens, complete: figures.final, estimated: false }
  }
  return { model, tokens: tokensOf(estimate), complete: false, estimated: true }
}
