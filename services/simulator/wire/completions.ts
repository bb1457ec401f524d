import { wholeText, type Plan } from "../plan.ts"
import { fingerprint, missing, openaiAsk, openaiWire, usageJson } from "./openai.ts"
import { eventStream, type StreamFrames, type Usages, type Wire } from "./wire.ts"

/** Completions of a text, as the OpenAI API sends them. Source: the object `text_completion` of its API reference. */
export const completionsWire: Wire = {
  ...openaiWire,
  ask: (json) =>
    json["prompt"] === undefined ? missing("prompt") : openaiAsk(json, [json["prompt"]], json["max_tokens"]),
  completion: (plan, usages) =>
    `${begin(plan)}"choices":[{"text":"${wholeText(plan)}","index":0,"logprobs":null,"finish_reason":"${plan.finish}"}]` +
    `${usages.told ? `,"usage":${usageJson(plan.usage)}` : ""}}`,
  frames,
}

function begin(plan: Plan): string {
  return (
    `{"id":"cmpl-${plan.id}","object":"text_completion","created":${plan.createdS},"model":${JSON.stringify(plan.model)},` +
    `"system_fingerprint":"${fingerprint}",`
  )
}

function frames(plan: Plan, usages: Usages): StreamFrames {
  const start = `data: ${begin(plan)}"choices":[`
  const usage = usages.told && usages.asked
  const end = usage ? `],"usage":null}\n\n` : `]}\n\n`
  return {
    contentType: eventStream,
    opening: "",
    head: `${start}{"text":"`,
    tail: `","index":0,"logprobs":null,"finish_reason":null}${end}`,
    closing:
      `${start}{"text":"","index":0,"logprobs":null,"finish_reason":"${plan.finish}"}${end}` +
      (usage ? `${start}],"usage":${usageJson(plan.usage)}}\n\n` : "") +
      "data: [DONE]\n\n",
  }
}
