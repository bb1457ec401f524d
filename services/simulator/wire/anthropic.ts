import { wholeText, type Plan, type SimulatedUsage } from "../plan.ts"
import type { RateLevel } from "../rate-gauge.ts"
import type { Refusal, RefusalReason } from "../refusal.ts"
import { askOf, modelIn, type Ask, type Body, type InvalidAsk } from "../request-body.ts"
import { eventStream, type RateReport, type StreamFrames, type Usages, type Wire } from "./wire.ts"

/**
 * Messages as the Anthropic API sends them. Source: the `Message` object, the stream events and the rate
 * limit headers of its API reference.
 */
export const anthropicWire: Wire = {
  protocol: "anthropic",
  ask: (json) => ask(json, json["max_tokens"], { stream: json["stream"] === true }),
  requestId: (drawn) => `req_011${drawn}`,
  headers,
  completion,
  frames,
  errorEvent: () =>
    `event: error\ndata: {"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"}}\n\n`,
  refuse,
  models: (names) =>
    JSON.stringify({
      data: names.map((id) => ({ type: "model", id, display_name: id, created_at: "2025-01-01T00:00:00Z" })),
      has_more: false,
      first_id: names[0] ?? null,
      last_id: names.at(-1) ?? null,
    }),
}

function ask(json: Body, maxTokens: unknown, more: Partial<Ask>): Ask | InvalidAsk {
  const model = modelIn(json)
  if (model === null) return missing("model")
  if (!Array.isArray(json["messages"])) return missing("messages")
  if (maxTokens === undefined || maxTokens === null) {
    if (more.writes !== false) return missing("max_tokens")
  }
  return askOf(maxTokens, [json["messages"], json["system"]], { model, ...more })
}

function missing(param: string): InvalidAsk {
  return { invalid: `${param}: Field required`, param }
}

/** The counting of a message's tokens. Source: as above. */
export const countTokensWire: Wire = {
  ...anthropicWire,
  ask: (json) => ask(json, null, { writes: false }),
  completion: ({ usage }) => `{"input_tokens":${usage.inputTokens}}`,
}

function headers(requestId: string, { requests, tokens }: RateReport): string[] {
  return [
    "request-id",
    requestId,
    "anthropic-organization-id",
    "00000000-0000-4000-8000-000000000000",
    ...rateHeaders("requests", requests),
    ...rateHeaders("tokens", tokens),
    ...rateHeaders("input-tokens", tokens),
    ...rateHeaders("output-tokens", tokens),
  ]
}

function rateHeaders(kind: string, level: RateLevel): string[] {
  const name = `anthropic-ratelimit-${kind}`
  return [
    `${name}-limit`,
    String(level.limit),
    `${name}-remaining`,
    String(level.remaining),
    `${name}-reset`,
    formatInstant(Date.now() + level.resetMs),
  ]
}

function completion(plan: Plan, usages: Usages): string {
  return (
    `{"model":${JSON.stringify(plan.model)},"id":"msg_01${plan.id}","type":"message","role":"assistant","content":[${contentJson(plan)}],` +
    `"stop_reason":"${stopReason(plan)}","stop_sequence":null` +
    `${usages.told ? `,"usage":{${inputJson(plan.usage)},"output_tokens":${plan.usage.outputTokens},"service_tier":"standard"}` : ""}}`
  )
}

function frames(plan: Plan, usages: Usages): StreamFrames {
  const begun = usages.told
    ? `,"usage":{${inputJson(plan.usage)},"output_tokens":${Math.min(1, plan.usage.outputTokens)},"service_tier":"standard"}`
    : ""
  const ended = usages.told
    ? `,"usage":{${deltaInputJson(plan.usage)},"output_tokens":${plan.usage.outputTokens}}`
    : ""
  const { toolCall, id } = plan
  const block =
    toolCall === null
      ? `{"type":"text","text":""}`
      : `{"type":"tool_use","id":"toolu_01${id}","name":"${toolCall.name}","input":{}}`
  const filled =
    toolCall === null
      ? ""
      : `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":${JSON.stringify(toolCall.input)}}}\n\n`
  return {
    contentType: eventStream,
    opening:
      `event: message_start\ndata: {"type":"message_start","message":{"model":${JSON.stringify(plan.model)},"id":"msg_01${plan.id}",` +
      `"type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null${begun}}}\n\n` +
      `event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":${block}}\n\n` +
      `event: ping\ndata: {"type": "ping"}\n\n`,
    head: `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"`,
    tail: `"}}\n\n`,
    closing:
      filled +
      `event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n` +
      `event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"${stopReason(plan)}","stop_sequence":null}${ended}}\n\n` +
      `event: message_stop\ndata: {"type":"message_stop"}\n\n`,
  }
}

function contentJson(plan: Plan): string {
  const { toolCall, id } = plan
  return toolCall === null
    ? `{"type":"text","text":"${wholeText(plan)}"}`
    : `{"type":"tool_use","id":"toolu_01${id}","name":"${toolCall.name}","input":${toolCall.input}}`
}

function stopReason(plan: Plan): string {
  if (plan.finish === "tool") return "tool_use"
  return plan.finish === "stop" ? "end_turn" : "max_tokens"
}

function deltaInputJson({ inputTokens, cachedTokens, cacheWriteTokens }: SimulatedUsage): string {
  return (
    `"input_tokens":${inputTokens - cachedTokens - cacheWriteTokens},"cache_creation_input_tokens":${cacheWriteTokens},` +
    `"cache_read_input_tokens":${cachedTokens}`
  )
}

function inputJson(usage: SimulatedUsage): string {
  return `${deltaInputJson(usage)},"cache_creation":{"ephemeral_5m_input_tokens":${usage.cacheWriteTokens},"ephemeral_1h_input_tokens":0}`
}

type Wording = readonly [status: number, type: string, message: (refusal: Refusal) => string]

const wordings: Record<RefusalReason, Wording> = {
  concurrency: [
    429,
    "rate_limit_error",
    () => "Number of concurrent connections has exceeded your rate limit. Please try again later.",
  ],
  requests: [
    429,
    "rate_limit_error",
    ({ limit = 0 }) =>
      `This request would exceed your organization's rate limit of ${limit} requests per minute.`,
  ],
  tokens: [
    429,
    "rate_limit_error",
    ({ limit = 0 }) =>
      `This request would exceed your organization's rate limit of ${limit} input tokens per minute.`,
  ],
  rate: [429, "rate_limit_error", () => "Rate limited"],
  overloaded: [529, "overloaded_error", () => "Overloaded"],
  internal: [500, "api_error", () => "Internal server error"],
  unavailable: [503, "overloaded_error", () => "Overloaded"],
  invalid: [400, "invalid_request_error", () => "The request is invalid."],
  credential: [401, "authentication_error", () => "invalid x-api-key"],
  billing: [402, "billing_error", () => "Your credit balance is too low to access the Anthropic API."],
  forbidden: [
    403,
    "permission_error",
    () => "Your API key does not have permission to use the specified resource.",
  ],
  model: [404, "not_found_error", ({ model }) => `model: ${model ?? ""}`],
  too_large: [413, "request_too_large", () => "Request exceeds the maximum size"],
}

function refuse(refusal: Refusal, requestId: string): { status: number; body: string } {
  const [status, type, message] = wordings[refusal.reason]
  const error = { type, message: refusal.message ?? message(refusal) }
  return { status, body: JSON.stringify({ type: "error", error, request_id: requestId }) }
}

let lastSecond = 0
let lastText = ""

/** Writes an instant as Anthropic's reset headers do (RFC 3339, whole seconds, rounded up). */
export function formatInstant(atMs: number): string {
  const second = Math.ceil(atMs / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastText = new Date(second * 1000).toISOString().replace(".000Z", "Z")
  }
  return lastText
}
