import type { Plan } from "../plan.ts"
import type { Body } from "../request-body.ts"
import { missing, openaiAsk, openaiWire } from "./openai.ts"
import type { Usages, Wire } from "./wire.ts"

const usualDimensions = 8

/** Embeddings as the OpenAI API sends them, of fewer dimensions. Source: the object `embedding` of its API reference. */
export const embeddingsWire: Wire = {
  ...openaiWire,
  ask: (json) =>
    json["input"] === undefined
      ? missing("input")
      : openaiAsk(json, [json["input"]], null, { ...shapeOf(json), stream: false, writes: false }),
  completion,
}

function shapeOf({ input, dimensions, encoding_format: format }: Body) {
  return {
    inputs: Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1,
    dimensions: typeof dimensions === "number" ? dimensions : usualDimensions,
    asBase64: format === "base64",
  }
}

function completion(plan: Plan, usages: Usages): string {
  const { inputs, dimensions, asBase64 } = plan.ask
  const data = Array.from({ length: inputs }, (_, index) => {
    const numbers = Float32Array.from({ length: dimensions }, () => plan.draws() - 0.5)
    const embedding = asBase64 ? Buffer.from(numbers.buffer).toString("base64") : [...numbers]
    return { object: "embedding", index, embedding }
  })
  const { inputTokens } = plan.usage
  const usage = usages.told ? { usage: { prompt_tokens: inputTokens, total_tokens: inputTokens } } : {}
  return JSON.stringify({ object: "list", data, model: plan.model, ...usage })
}
