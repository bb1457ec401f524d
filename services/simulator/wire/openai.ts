import { wholeText, type Plan, type SimulatedUsage } from "../plan.ts"
import type { Refusal, RefusalReason } from "../refusal.ts"
import { askOf, isObject, modelIn, type Ask, type Body, type InvalidAsk } from "../request-body.ts"
import { eventStream, type RateReport, type StreamFrames, type Usages, type Wire } from "./wire.ts"

/** Tells which configuration of the servers answered. */
export const fingerprint = "fp_51c1a7e0d2"
const platform = ["openai-organization", "org-simulated", "openai-version", "2020-10-01"]

/**
 * Chat completions as the OpenAI API sends them. Source: the objects `chat.completion`,
 * `chat.completion.chunk` and the rate limit headers of its API reference.
 */
export const openaiWire: Wire = {
  protocol: "openai",
  ask: (json) => {
    if (!Array.isArray(json["messages"])) return missing(modelIn(json) === null ? "model" : "messages")
    return openaiAsk(json, [json["messages"]], json["max_completion_tokens"] ?? json["max_tokens"])
  },
  requestId: (drawn) => `req_${drawn}`,
  headers,
  completion,
  frames,
  errorEvent: () => `data: ${refuse({ reason: "internal" }).body}\n\n`,
  refuse,
  models: (names) =>
    JSON.stringify({
      object: "list",
      data: names.map((id) => ({ id, object: "model", created: 1_700_000_000, owned_by: "simulated" })),
    }),
}

/** Reads what the bodies of all endpoints have in common. Fails: refuses one without a model. */
export function openaiAsk(
  json: Body,
  prompt: readonly unknown[],
  maxTokens: unknown,
  more: Partial<Ask> = {},
): Ask | InvalidAsk {
  const model = modelIn(json)
  if (model === null) return missing("model")
  const options = json["stream_options"] ?? null
  return askOf(maxTokens, prompt, {
    model,
    stream: json["stream"] === true,
    streamOptions: options !== null,
    includeUsage: isObject(options) && options["include_usage"] === true,
    ...more,
  })
}

/** Says that a field is missing, as the API does. */
export function missing(param: string): InvalidAsk {
  return { invalid: `Missing required parameter: '${param}'.`, param }
}

function headers(requestId: string, rates: RateReport): string[] {
  const { requests, tokens } = rates
  return [
    "x-request-id",
    requestId,
    ...platform,
    "x-ratelimit-limit-requests",
    String(requests.limit),
    "x-ratelimit-remaining-requests",
    String(requests.remaining),
    "x-ratelimit-reset-requests",
    formatDuration(requests.resetMs),
    "x-ratelimit-limit-tokens",
    String(tokens.limit),
    "x-ratelimit-remaining-tokens",
    String(tokens.remaining),
    "x-ratelimit-reset-tokens",
    formatDuration(tokens.resetMs),
  ]
}

function completion(plan: Plan, usages: Usages): string {
  return (
    `{"id":"chatcmpl-${plan.id}","object":"chat.completion","created":${plan.createdS},"model":${JSON.stringify(plan.model)},` +
    `"choices":[{"index":0,"message":{"role":"assistant",${contentJson(plan)},"refusal":null,"annotations":[]},` +
    `"logprobs":null,"finish_reason":"${finishReason(plan)}"}],${usages.told ? `"usage":${usageJson(plan.usage)},` : ""}` +
    `"service_tier":"default","system_fingerprint":"${fingerprint}"}`
  )
}

function frames(plan: Plan, usages: Usages): StreamFrames {
  const start =
    `data: {"id":"chatcmpl-${plan.id}","object":"chat.completion.chunk","created":${plan.createdS},"model":${JSON.stringify(plan.model)},` +
    `"service_tier":"default","system_fingerprint":"${fingerprint}","choices":[`
  const usage = usages.told && usages.asked
  const end = usage ? `],"usage":null}\n\n` : `]}\n\n`
  return {
    contentType: eventStream,
    opening: `${start}{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}${end}`,
    head: `${start}{"index":0,"delta":{"content":"`,
    tail: `"},"logprobs":null,"finish_reason":null}${end}`,
    closing:
      toolCallChunks(plan, start, end) +
      `${start}{"index":0,"delta":{},"logprobs":null,"finish_reason":"${finishReason(plan)}"}${end}` +
      (usage ? `${start}],"usage":${usageJson(plan.usage)}}\n\n` : "") +
      "data: [DONE]\n\n",
  }
}

function contentJson(plan: Plan): string {
  const { toolCall, id } = plan
  if (toolCall === null) return `"content":"${wholeText(plan)}"`
  const called = { name: toolCall.name, arguments: toolCall.input }
  return `"content":null,"tool_calls":${JSON.stringify([{ id: `call_${id}`, type: "function", function: called }])}`
}

function toolCallChunks({ toolCall, id }: Plan, start: string, end: string): string {
  if (toolCall === null) return ""
  const begun = {
    index: 0,
    id: `call_${id}`,
    type: "function",
    function: { name: toolCall.name, arguments: "" },
  }
  const filled = { index: 0, function: { arguments: toolCall.input } }
  return [begun, filled]
    .map(
      (call) =>
        `${start}{"index":0,"delta":{"tool_calls":[${JSON.stringify(call)}]},"logprobs":null,"finish_reason":null}${end}`,
    )
    .join("")
}

function finishReason({ finish }: Plan): string {
  return finish === "tool" ? "tool_calls" : finish
}

/** The figures of a completion. */
export function usageJson(usage: SimulatedUsage): string {
  return (
    `{"prompt_tokens":${usage.inputTokens},"completion_tokens":${usage.outputTokens},"total_tokens":${usage.inputTokens + usage.outputTokens},` +
    `"prompt_tokens_details":{"cached_tokens":${usage.cachedTokens},"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":` +
    `${usage.reasoningTokens},"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`
  )
}

type Wording = readonly [
  status: number,
  type: string,
  code: string | null,
  message: (refusal: Refusal) => string,
]

const wordings: Record<RefusalReason, Wording> = {
  concurrency: [
    429,
    "rate_limit_error",
    "rate_limit_exceeded",
    () => "Too many concurrent requests. Wait for one of them to end and try again.",
  ],
  requests: [
    429,
    "requests",
    "rate_limit_exceeded",
    (refusal) => rateMessage(refusal, "requests per min (RPM)"),
  ],
  tokens: [429, "tokens", "rate_limit_exceeded", (refusal) => rateMessage(refusal, "tokens per min (TPM)")],
  rate: [429, "rate_limit_error", "rate_limit_exceeded", () => "Rate limit reached."],
  overloaded: [529, "server_error", "overloaded", () => "The server is overloaded. Please try again later."],
  internal: [500, "server_error", null, () => "The server had an error while processing your request."],
  unavailable: [
    503,
    "server_error",
    null,
    () => "The engine is currently overloaded, please try again later.",
  ],
  invalid: [400, "invalid_request_error", null, () => "The request is invalid."],
  credential: [401, "invalid_request_error", "invalid_api_key", () => "Incorrect API key provided."],
  billing: [
    402,
    "insufficient_quota",
    "insufficient_quota",
    () => "You exceeded your current quota, please check your plan and billing details.",
  ],
  forbidden: [403, "invalid_request_error", "permission_denied", () => "You are not allowed to do this."],
  model: [
    404,
    "invalid_request_error",
    "model_not_found",
    ({ model }) => `The model \`${model ?? ""}\` does not exist or you do not have access to it.`,
  ],
  too_large: [413, "invalid_request_error", null, () => "The request is too large."],
}

function rateMessage(refusal: Refusal, what: string): string {
  const { model = "", limit = 0, used = 0, requested = 1, retryMs = 0 } = refusal
  return (
    `Rate limit reached for ${model} in organization org-simulated on ${what}: Limit ${limit}, Used ${used}, Requested ${requested}. ` +
    `Please try again in ${formatDuration(retryMs)}.`
  )
}

function refuse(refusal: Refusal): { status: number; body: string } {
  const [status, type, code, message] = wordings[refusal.reason]
  return {
    status,
    body: JSON.stringify({
      error: { message: refusal.message ?? message(refusal), type, param: refusal.param ?? null, code },
    }),
  }
}

/** Writes a duration as OpenAI's reset headers do: `120ms`, `8.64s`, `6m0s`, `1h2m3s`. */
export function formatDuration(durationMs: number): string {
  const wholeMs = Math.ceil(durationMs)
  if (wholeMs < 1000) return wholeMs === 0 ? "0s" : `${wholeMs}ms`
  const hours = Math.floor(wholeMs / 3_600_000)
  const minutes = Math.floor((wholeMs % 3_600_000) / 60_000)
  const seconds = (wholeMs % 60_000) / 1000
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds}s`
}
