import { mostTokens } from "@sluice/events/bounds.ts"
import { type Estimate, tokensOf } from "@sluice/events/field.ts"
import type { Metered } from "../admission/lease.ts"
import type { Ask, Figures } from "../providers/protocol.ts"

const assumedOutputTokens = 1_024

/** So much a model writes at most of which nobody says how much it can. */
const mostOutputTokens = 131_072

/** What a request may come to, known before it is sent. */
export interface Expected {
  readonly estimate: Estimate
  /** More it cannot let the model write, whatever it asks for. */
  readonly mostOutputTokens: number
}

/** What is expected of a request that was not read. */
export const nothingExpected: Expected = {
  estimate: { inputTokens: 0, outputTokens: 0 },
  mostOutputTokens: 0,
}

/**
 * What a request is expected to use: its size, and the most that it lets the model write, as far as the model can.
 *
 * `modelOutputTokens` is the most that the model can write, where that is known. Source: D4.
 */
export const expectedOf = (
  { inputTokens, maxTokens, choices }: Pick<Ask, "inputTokens" | "maxTokens" | "choices">,
  modelOutputTokens: number = mostOutputTokens,
): Expected => {
  const most = Math.min(maxTokens ?? modelOutputTokens, modelOutputTokens)
  const usual = maxTokens === null ? Math.min(assumedOutputTokens, most) : most
  return {
    estimate: {
      inputTokens: Math.min(inputTokens, mostTokens),
      outputTokens: Math.min(usual * choices, mostTokens),
    },
    mostOutputTokens: Math.min(most * choices, mostTokens),
  }
}

/** What an attempt brought of an answer. */
export interface Brought {
  readonly figures: Figures | undefined
  /** How many tokens seem to have come. */
  readonly writtenTokens: number
}

/**
 * What an attempt is booked with: the upstream's figures where the last ones came; else the output that has come, with the figures for the rest or, without any, the size of the request.
 *
 * `brought` is `undefined` where no answer began. Source: D1, D4.
 */
export const meteredOf = (
  model: string,
  brought: Brought | undefined,
  { estimate, mostOutputTokens: most }: Expected,
): Metered => {
  const { figures, writtenTokens = 0 } = brought ?? {}
  if (figures?.final === true) return { model, tokens: figures.tokens, complete: true, estimated: false }
  const written = Math.min(writtenTokens, most)
  if (figures !== undefined) {
    const tokens = { ...figures.tokens, output: Math.max(figures.tokens.output, written) }
    return { model, tokens, complete: false, estimated: false }
  }
  const tokens = tokensOf({ ...estimate, outputTokens: written })
  return { model, tokens, complete: false, estimated: true }
}
