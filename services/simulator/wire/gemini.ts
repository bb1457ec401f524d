import { wholeText, type Plan, type SimulatedUsage } from "../plan.ts"
import type { Refusal, RefusalReason } from "../refusal.ts"
import { askOf, isObject, type Ask, type Body, type InvalidAsk } from "../request-body.ts"
import { eventStream, type StreamFrames, type Usages, type Wire } from "./wire.ts"

/**
 * Generated content as the Gemini API sends it, its streams as events. Source: `GenerateContentResponse` and
 * `google.rpc.Status` of its API reference.
 */
export const geminiWire: Wire = {
  protocol: "gemini",
  ask,
  requestId: (drawn) => drawn,
  // Its limits are told by no header.
  headers: () => ["server", "scaffolding on HTTPServer2", "x-content-type-options", "nosniff"],
  completion: (plan, usages) => chunkJson(plan, partsOf(plan), finishOf(plan), usages),
  frames: (plan, usages) =>
    framesOf(plan, usages, { open: "", before: "data: ", after: "\r\n\r\n", close: "\r\n\r\n" }),
  errorEvent: () => `data: ${refuse({ reason: "internal" }).body}\r\n\r\n`,
  refuse,
  models: (names) =>
    JSON.stringify({
      models: names.map((name) => ({
        name: `models/${name}`,
        displayName: name,
        supportedGenerationMethods: ["generateContent", "streamGenerateContent"],
      })),
    }),
}

/** The same with streams as one list. */
export const geminiListWire: Wire = {
  ...geminiWire,
  frames: (plan, usages) => ({
    ...framesOf(plan, usages, { open: "[", before: "", after: "\n,\r\n", close: "\n]" }),
    contentType: "application/json; charset=UTF-8",
  }),
  errorEvent: () => `${refuse({ reason: "internal" }).body}\n]`,
}

function ask(json: Body, url: string): Ask | InvalidAsk {
  const { model = "", method = "" } =
    /\/models\/(?<model>[^/?]+):(?<method>[A-Za-z]+)/.exec(url)?.groups ?? {}
  const contents = json["contents"]
  if (!Array.isArray(contents) || contents.length === 0)
    return { invalid: "* GenerateContentRequest.contents: contents is not specified" }
  const config = json["generationConfig"]
  return askOf(isObject(config) ? config["maxOutputTokens"] : null, [json["systemInstruction"], contents], {
    model: decodeURIComponent(model),
    stream: method === "streamGenerateContent",
  })
}

function finishOf({ finish }: Plan): string {
  return `,"finishReason":"${finish === "length" ? "MAX_TOKENS" : "STOP"}"`
}

function partsOf(plan: Plan): string {
  const { toolCall } = plan
  return toolCall === null
    ? `{"text":"${wholeText(plan)}"}`
    : `{"functionCall":{"name":"${toolCall.name}","args":${toolCall.input}}}`
}

function chunkJson(plan: Plan, parts: string, finish: string, usages: Usages): string {
  return `${chunkHead}${parts}${chunkTail(plan, finish, usages)}`
}

const chunkHead = `{"candidates":[{"content":{"parts":[`

function chunkTail(plan: Plan, finish: string, { told }: Usages): string {
  const usage = told ? `,"usageMetadata":${usageJson(plan.usage, finish !== "")}` : ""
  return `],"role":"model"}${finish},"index":0}]${usage},"modelVersion":${JSON.stringify(plan.model)},"responseId":"${plan.id}"}`
}

function usageJson(
  { inputTokens, cachedTokens, outputTokens, reasoningTokens }: SimulatedUsage,
  isLast: boolean,
): string {
  return JSON.stringify({
    promptTokenCount: inputTokens,
    ...(isLast ? { candidatesTokenCount: outputTokens - reasoningTokens } : {}),
    totalTokenCount: inputTokens + (isLast ? outputTokens : 0),
    ...(cachedTokens > 0 ? { cachedContentTokenCount: cachedTokens } : {}),
    ...(reasoningTokens > 0 ? { thoughtsTokenCount: reasoningTokens } : {}),
  })
}

function framesOf(
  plan: Plan,
  usages: Usages,
  around: { readonly open: string; readonly before: string; readonly after: string; readonly close: string },
): StreamFrames {
  const last = plan.toolCall === null ? `{"text":""}` : partsOf(plan)
  return {
    contentType: eventStream,
    opening: around.open,
    head: `${around.before}${chunkHead}{"text":"`,
    tail: `"}${chunkTail(plan, "", usages)}${around.after}`,
    closing: `${around.before}${chunkJson(plan, last, finishOf(plan), usages)}${around.close}`,
  }
}

type Wording = readonly [status: number, name: string, message: (refusal: Refusal) => string]

const quota = ({ limit = 0 }: Refusal) =>
  `You exceeded your current quota, please check your plan and billing details. Limit: ${limit}.`

const wordings: Record<RefusalReason, Wording> = {
  concurrency: [429, "RESOURCE_EXHAUSTED", () => "Too many concurrent requests."],
  requests: [429, "RESOURCE_EXHAUSTED", quota],
  tokens: [429, "RESOURCE_EXHAUSTED", quota],
  rate: [429, "RESOURCE_EXHAUSTED", () => "Resource has been exhausted (e.g. check quota)."],
  overloaded: [529, "UNAVAILABLE", () => "The model is overloaded. Please try again later."],
  internal: [500, "INTERNAL", () => "An internal error has occurred. Please retry."],
  unavailable: [503, "UNAVAILABLE", () => "The model is overloaded. Please try again later."],
  invalid: [400, "INVALID_ARGUMENT", () => "Request contains an invalid argument."],
  credential: [400, "INVALID_ARGUMENT", () => "API key not valid. Please pass a valid API key."],
  billing: [402, "FAILED_PRECONDITION", () => "Billing is not enabled for this project."],
  forbidden: [403, "PERMISSION_DENIED", () => "The caller does not have permission"],
  model: [
    404,
    "NOT_FOUND",
    ({ model }) =>
      `models/${model ?? ""} is not found for API version v1beta, or is not supported for generateContent.`,
  ],
  too_large: [413, "INVALID_ARGUMENT", () => "Request payload size exceeds the limit: 20971520 bytes."],
}

const rpc = "type.googleapis.com/google.rpc"
const quotaIds = {
  requests: "GenerateRequestsPerMinutePerProjectPerModel",
  tokens: "GenerateContentInputTokensPerModelPerMinute",
} as const

function detailsOf({ reason, limit = 0, model = "", retryMs }: Refusal): object[] {
  if (reason === "credential")
    return [{ "@type": `${rpc}.ErrorInfo`, reason: "API_KEY_INVALID", domain: "googleapis.com" }]
  if (reason !== "requests" && reason !== "tokens") return []
  const violation = { quotaId: quotaIds[reason], quotaDimensions: { model }, quotaValue: String(limit) }
  const retry = { "@type": `${rpc}.RetryInfo`, retryDelay: `${Math.ceil((retryMs ?? 0) / 1000)}s` }
  return [
    { "@type": `${rpc}.QuotaFailure`, violations: [violation] },
    ...(retryMs === undefined ? [] : [retry]),
  ]
}

function refuse(refusal: Refusal): { status: number; body: string } {
  const [code, status, message] = wordings[refusal.reason]
  const details = detailsOf(refusal)
  const error = { code, message: refusal.message ?? message(refusal), status }
  return {
    status: code,
    body: JSON.stringify({ error: details.length === 0 ? error : { ...error, details } }),
  }
}
