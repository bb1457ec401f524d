import type { Problem } from "../errors.ts"
import { estimateInputTokens } from "./estimate.ts"
import { spliceMember } from "./json-splice.ts"
import {
  type Ask,
  type EventKind,
  type Figures,
  isObject,
  textOf,
  tokenCount,
  type WireProtocol,
} from "./protocol.ts"

const read = (json: Readonly<Record<string, unknown>>, bytes: number): Ask | string => {
  const model = json["model"]
  if (typeof model !== "string" || model === "") return "The body must name a model."
  return {
    model,
    stream: json["stream"] === true,
    maxTokens: tokenCount(json["max_tokens"]) ?? null,
    inputTokens: estimateInputTokens(json["messages"], bytes),
    usageAsked: true,
  }
}

const kinds = new Map<string, EventKind>([
  ["message_start", "usage"],
  ["message_delta", "usage"],
  ["message_stop", "end"],
  ["error", "error"],
])

const eventKind = (event: string): EventKind => {
  // Nearly every event of a stream is one of these.
  if (event.startsWith("event: content_block_delta")) return "pass"
  return kinds.get(eventName(event)) ?? "pass"
}

/** The name of an event: its `event` line or, where an upstream leaves that out, the `type` of its data. */
const eventName = (event: string): string => {
  const line = event.startsWith("event:") ? 0 : event.indexOf("\nevent:") + 1
  if (line > 0 || event.startsWith("event:")) {
    const end = event.indexOf("\n", line)
    return event.slice(line + "event:".length, end === -1 ? undefined : end).trim()
  }
  for (let at = event.indexOf('"type"'); at !== -1; at = event.indexOf('"type"', at + 6)) {
    const name = event.indexOf('"', at + 6)
    const end = event.indexOf('"', name + 1)
    if (name === -1 || end === -1) break
    const type = event.slice(name + 1, end)
    if (kinds.has(type)) return type
  }
  return ""
}

const readFigures = (json: unknown, known: Figures | undefined): Figures | undefined => {
  if (!isObject(json)) return known
  const begun = json["type"] === "message_start"
  const message = begun && isObject(json["message"]) ? json["message"] : json
  const usage = message["usage"]
  if (!isObject(usage)) return known
  const before = known?.tokens
  const written = tokenCount(usage["cache_creation_input_tokens"])
  const split = isObject(usage["cache_creation"]) ? usage["cache_creation"] : {}
  const writtenFor1h = tokenCount(split["ephemeral_1h_input_tokens"])
  const writtenFor5m = tokenCount(split["ephemeral_5m_input_tokens"])
  const cacheWrite1h = writtenFor1h ?? before?.cacheWrite1h ?? 0
  return {
    tokens: {
      input: tokenCount(usage["input_tokens"]) ?? before?.input ?? 0,
      output: tokenCount(usage["output_tokens"]) ?? before?.output ?? 0,
      cacheRead: tokenCount(usage["cache_read_input_tokens"]) ?? before?.cacheRead ?? 0,
      // The sum counts where it is more than its parts, or where the parts are not told.
      cacheWrite5m: Math.max(
        writtenFor5m ?? 0,
        written === undefined ? (before?.cacheWrite5m ?? 0) : written - cacheWrite1h,
      ),
      cacheWrite1h,
      reasoning: 0,
    },
    final: !begun,
  }
}

const typeOfStatus = new Map<number, string>([
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [405, "invalid_request_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [504, "timeout_error"],
])

const errorBody = ({ code, status, message }: Problem, requestId: string): string =>
  JSON.stringify({
    type: "error",
    error: { type: typeOfStatus.get(status) ?? "api_error", message, code },
    request_id: requestId,
  })

const modelEntry = (id: string): string =>
  JSON.stringify({ type: "model", id, display_name: id, created_at: "1970-01-01T00:00:00Z" })

/** Messages. Source: Anthropic API reference. */
export const anthropic: WireProtocol = {
  name: "anthropic",
  paths: ["/v1/messages"],
  usageIsAsked: false,
  // A base URL is one as the SDK takes it, before the version; one that ends with it is understood too.
  upstreamPath: (basePath, path) =>
    basePath.endsWith("/v1") ? basePath + path.slice("/v1".length) : basePath + path,
  credentialHeader: (auth, credential) =>
    auth === "bearer" ? ["authorization", `Bearer ${credential}`] : ["x-api-key", credential],
  read,
  rewrite: (body, _json, { model }) =>
    model === null ? body : spliceMember(body, "model", JSON.stringify(model)),
  eventKind,
  readFigures,
  holdsOnlyUsage: () => false,
  endsWith: () => false,
  refusesUsage: () => false,
  errorWords: (json) => {
    const error = isObject(json) && json["type"] === "error" ? json["error"] : undefined
    if (!isObject(error)) return undefined
    return { type: textOf(error["type"]), code: textOf(error["code"]), message: textOf(error["message"]) }
  },
  errorBody,
  errorEvent: (problem, requestId) => `event: error\ndata: ${errorBody(problem, requestId)}\n\n`,
  modelList: (models) =>
    `{"data":[${models.map(modelEntry).join(",")}],"has_more":false,` +
    `"first_id":${JSON.stringify(models[0] ?? null)},"last_id":${JSON.stringify(models.at(-1) ?? null)}}`,
  modelEntry,
}
