/** A request as a well-behaved client sends it. */
export interface RequestTemplate {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

const user = [{ role: "user", content: "hello, wörld 🌍" }]

/** One request for each way in which models are spoken to. */
export const requestTemplates: ReadonlyArray<RequestTemplate> = [
  { path: "/v1/chat/completions", body: { model: "m", max_tokens: 16, messages: user } },
  {
    path: "/v1/chat/completions",
    body: { model: "m", stream: true, stream_options: { include_usage: true }, n: 1, messages: user },
  },
  { path: "/v1/completions", body: { model: "m", max_tokens: 16, prompt: "hello" } },
  { path: "/v1/embeddings", body: { model: "m", input: ["one", "two"] } },
  {
    path: "/v1/responses",
    body: { model: "m", max_output_tokens: 16, input: "hello", metadata: { user: "u" }, stream: true },
  },
  {
    path: "/v1/messages",
    body: { model: "claude", max_tokens: 16, messages: user, metadata: { user_id: "u" }, stream: true },
  },
  { path: "/v1/messages", body: { model: "claude", max_tokens: 16, system: "be brief", messages: user } },
  { path: "/v1/messages/count_tokens", body: { model: "claude", messages: user } },
  {
    path: "/v1beta/models/gemini:generateContent",
    body: {
      contents: [{ role: "user", parts: [{ text: "hello" }] }],
      generationConfig: { maxOutputTokens: 9 },
    },
  },
  {
    path: "/v1beta/models/gemini:streamGenerateContent?alt=sse",
    body: { contents: [{ role: "user", parts: [{ text: "hello" }] }] },
  },
]

/** Stands in a template for the credential that the upstream was sent: one that echoes it. */
export const echoMark = "ECHO"

const openaiUsage = {
  prompt_tokens: 12,
  completion_tokens: 5,
  total_tokens: 17,
  prompt_tokens_details: { cached_tokens: 2 },
  completion_tokens_details: { reasoning_tokens: 1 },
}
const anthropicUsage = {
  input_tokens: 12,
  output_tokens: 5,
  cache_read_input_tokens: 3,
  cache_creation_input_tokens: 2,
  cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 1 },
}
const geminiUsage = {
  promptTokenCount: 12,
  candidatesTokenCount: 5,
  thoughtsTokenCount: 1,
  totalTokenCount: 18,
}
const delta = (content: string) => ({ id: "c1", choices: [{ index: 0, delta: { content } }] })

/** An answer as a provider gives it: its parts are one JSON body, or the events of a stream. */
export interface AnswerTemplate {
  readonly status: number
  readonly events: boolean
  readonly parts: ReadonlyArray<unknown>
}

const whole = (body: unknown, status = 200): AnswerTemplate => ({ status, events: false, parts: [body] })
const stream = (...parts: ReadonlyArray<unknown>): AnswerTemplate => ({ status: 200, events: true, parts })
const error = (status: number, message: string, type: string) =>
  whole({ error: { message, type, code: type, param: null } }, status)

/** Answers, streams and errors of all providers; the last part of a stream may be a bare text. */
export const answerTemplates: ReadonlyArray<AnswerTemplate> = [
  whole({
    id: "c1",
    choices: [{ index: 0, message: { role: "assistant", content: "hi" } }],
    usage: openaiUsage,
  }),
  stream(delta("he"), delta(`llo ${echoMark}`), { id: "c1", choices: [], usage: openaiUsage }, "[DONE]"),
  whole({ data: [{ index: 0, embedding: [0.1, -2e-9, 3] }], usage: { prompt_tokens: 3, total_tokens: 3 } }),
  stream(
    { type: "response.created", response: { id: "r1" } },
    { type: "response.output_text.delta", delta: "hello" },
    { type: "response.completed", response: { id: "r1", usage: anthropicUsage } },
  ),
  stream(
    { type: "message_start", message: { id: "m1", usage: anthropicUsage } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hello" } },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } },
    { type: "message_stop" },
  ),
  whole({ id: "m1", type: "message", content: [{ type: "text", text: echoMark }], usage: anthropicUsage }),
  whole({ input_tokens: 12 }),
  whole({ candidates: [{ content: { parts: [{ text: "hi" }] } }], usageMetadata: geminiUsage }),
  stream(
    { candidates: [{ content: { parts: [{ text: "he" }] } }], usageMetadata: geminiUsage },
    {
      candidates: [{ content: { parts: [{ text: "llo" }] }, finishReason: "STOP" }],
      usageMetadata: geminiUsage,
    },
  ),
  error(429, `Rate limit reached for ${echoMark}: limit 3 requests per minute`, "rate_limit_exceeded"),
  error(429, "too many concurrent requests, the limit is 5", "concurrency"),
  error(401, `Incorrect API key provided: ${echoMark}`, "invalid_api_key"),
  error(404, "The model does not exist", "model_not_found"),
  error(400, "Unrecognized request argument supplied: stream_options", "invalid_request_error"),
  error(402, "billing", "insufficient_quota"),
  whole({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, 529),
  whole(
    {
      error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "quota", details: [{ retryDelay: "31s" }] },
    },
    429,
  ),
]
