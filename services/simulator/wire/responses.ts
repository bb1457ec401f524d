import { wholeText, type Plan, type SimulatedUsage } from "../plan.ts"
import { missing, openaiAsk, openaiWire } from "./openai.ts"
import { eventStream, type StreamFrames, type Usages, type Wire } from "./wire.ts"

/**
 * Responses as the OpenAI API sends them. Source: the object `response` and the stream events of its API
 * reference.
 */
export const responsesWire: Wire = {
  ...openaiWire,
  ask: (json) =>
    json["input"] === undefined
      ? missing("input")
      : openaiAsk(json, [json["instructions"], json["input"]], json["max_output_tokens"]),
  completion: (plan, usages) => responseJson(plan, ended(plan), usages),
  frames,
  errorEvent: () => {
    const { error } = JSON.parse(openaiWire.refuse({ reason: "internal" }, "").body) as { error: object }
    return event("error", { sequence_number: 0, error })
  },
}

type Status = "in_progress" | "completed" | "incomplete"

const ended = ({ finish }: Plan): Status => (finish === "length" ? "incomplete" : "completed")

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

function responseJson(plan: Plan, status: Status, usages: Usages): string {
  const details = status === "incomplete" ? { reason: "max_output_tokens" } : null
  const isOver = status !== "in_progress"
  return JSON.stringify({
    id: `resp_${plan.id}`,
    object: "response",
    created_at: plan.createdS,
    status,
    background: false,
    error: null,
    incomplete_details: details,
    instructions: null,
    max_output_tokens: plan.ask.maxTokens,
    model: plan.model,
    output: isOver ? [itemOf(plan, status)] : [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: "default",
    store: true,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: isOver && usages.told ? usageOf(plan.usage) : null,
    user: null,
    metadata: {},
  })
}

function usageOf({ inputTokens, cachedTokens, outputTokens, reasoningTokens }: SimulatedUsage) {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  }
}

/** The one thing that a response puts out: a message or, where a tool is called, the call. */
function itemOf(plan: Plan, status: Status) {
  const { toolCall, id } = plan
  if (toolCall === null)
    return messageOf(plan, status, status === "in_progress" ? [] : [partOf(wholeText(plan))])
  const called = status === "in_progress" ? "" : toolCall.input
  return {
    id: `fc_${id}`,
    type: "function_call",
    status,
    arguments: called,
    call_id: `call_${id}`,
    name: toolCall.name,
  }
}

function messageOf({ id }: Plan, status: Status, content: readonly object[]) {
  return { id: `msg_${id}`, type: "message", status, content, role: "assistant" }
}

const partOf = (text: string) => ({ type: "output_text", annotations: [], logprobs: [], text })

/** Numbers events as they are made. */
function numbered(from: number): (type: string, fields: object) => string {
  let next = from
  return (type, fields) => {
    next += 1
    return event(type, { sequence_number: next - 1, ...fields })
  }
}

function frames(plan: Plan, usages: Usages): StreamFrames {
  const { toolCall, id } = plan
  const openingEvents = toolCall === null ? 4 : 3
  const first = numbered(0)
  const last = numbered(openingEvents + plan.chunks)
  const begun: object = JSON.parse(responseJson(plan, "in_progress", usages))
  const done: object = JSON.parse(responseJson(plan, ended(plan), usages))
  const place = { output_index: 0, item_id: toolCall === null ? `msg_${id}` : `fc_${id}` }
  const part = { ...place, content_index: 0 }
  const text = toolCall === null ? wholeText(plan) : ""
  return {
    contentType: eventStream,
    opening:
      first("response.created", { response: begun }) +
      first("response.in_progress", { response: begun }) +
      first("response.output_item.added", { output_index: 0, item: itemOf(plan, "in_progress") }) +
      (toolCall === null ? first("response.content_part.added", { ...part, part: partOf("") }) : ""),
    head:
      `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","item_id":"${place.item_id}",` +
      `"output_index":0,"content_index":0,"logprobs":[],"delta":"`,
    tail: (chunk) => `","sequence_number":${openingEvents + chunk}}\n\n`,
    closing:
      (toolCall === null
        ? last("response.output_text.done", { ...part, text, logprobs: [] }) +
          last("response.content_part.done", { ...part, part: partOf(text) })
        : last("response.function_call_arguments.delta", { ...place, delta: toolCall.input }) +
          last("response.function_call_arguments.done", { ...place, arguments: toolCall.input })) +
      last("response.output_item.done", { output_index: 0, item: itemOf(plan, ended(plan)) }) +
      last(`response.${ended(plan)}`, { response: done }),
  }
}
