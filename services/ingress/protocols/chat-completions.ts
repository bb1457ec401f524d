import { estimateInputTokens } from "./estimate.ts"
import { spliceMember } from "./json-splice.ts"
import { openai } from "./openai.ts"
import {
  type Ask,
  choicesIn,
  type EventKind,
  type Figures,
  isObject,
  type Rewrite,
  shortEventBytes,
  tokenCount,
  type WireProtocol,
} from "./protocol.ts"

const read = (json: Readonly<Record<string, unknown>>, bytes: number): Ask | string => {
  const model = json["model"]
  if (typeof model !== "string" || model === "") return "The body must name a model."
  const options = json["stream_options"]
  return {
    model,
    stream: json["stream"] === true,
    maxTokens: tokenCount(json["max_completion_tokens"] ?? json["max_tokens"]) ?? null,
    choices: Math.max(choicesIn(json["n"]), choicesIn(json["best_of"])),
    inputTokens: estimateInputTokens(json["messages"], bytes),
    usageAsked: isObject(options) && options["include_usage"] === true,
  }
}

const rewrite = (
  body: Buffer,
  json: Readonly<Record<string, unknown>>,
  { model, askUsage }: Rewrite,
): Buffer => {
  let rewritten = body
  if (model !== null) rewritten = spliceMember(rewritten, "model", JSON.stringify(model))
  if (askUsage) {
    const options = json["stream_options"]
    const asked = { ...(isObject(options) ? options : {}), include_usage: true }
    rewritten = spliceMember(rewritten, "stream_options", JSON.stringify(asked))
  }
  return rewritten
}

const eventKind = (event: string): EventKind => {
  const data = event.startsWith("data:") ? 0 : event.indexOf("\ndata:") + 1
  if (data === 0 && !event.startsWith("data:")) return event.startsWith("event: error") ? "error" : "pass"
  const value = event.charCodeAt(data + 5) === 0x20 ? data + 6 : data + 5
  if (event.startsWith("[DONE]", value)) return "end"
  if (event.startsWith('{"error"', value) || event.startsWith("event: error")) return "error"
  return holdsUsage(event, value) ? "usage" : "text"
}

/** Looks for a member `usage` that is an object; `null` stands in every chunk of some upstreams. A quote inside of a text is escaped, so texts cannot match. */
const holdsUsage = (event: string, from: number): boolean => {
  for (let at = event.indexOf('"usage"', from); at !== -1; at = event.indexOf('"usage"', at + 7)) {
    let next = at + 7
    while (event.charCodeAt(next) === 0x20 || event.charCodeAt(next) === 0x3a) next += 1
    if (event.charCodeAt(next) === 0x7b) return true
  }
  return false
}

const readFigures = (json: unknown, known: Figures | undefined): Figures | undefined => {
  const usage = isObject(json) ? json["usage"] : undefined
  if (!isObject(json) || !isObject(usage)) return known
  const prompt = tokenCount(usage["prompt_tokens"])
  const output = tokenCount(usage["completion_tokens"])
  if (prompt === undefined && output === undefined) return known
  const promptDetails = usage["prompt_tokens_details"]
  const outputDetails = usage["completion_tokens_details"]
  const cached = tokenCount(isObject(promptDetails) ? promptDetails["cached_tokens"] : undefined) ?? 0
  const cacheRead = Math.min(cached, prompt ?? 0)
  return {
    tokens: {
      input: (prompt ?? 0) - cacheRead,
      output: output ?? 0,
      cacheRead,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      reasoning: tokenCount(isObject(outputDetails) ? outputDetails["reasoning_tokens"] : undefined) ?? 0,
    },
    final: isFinal(json["choices"]),
  }
}

/** Some upstreams count up in every chunk; the last figures come with a finish reason or with no choice at all. */
const isFinal = (choices: unknown): boolean =>
  !Array.isArray(choices) ||
  choices.every((choice) => isObject(choice) && typeof choice["finish_reason"] === "string")

/** Chat completions, and the older completions of a text. Source: OpenAI API reference. */
export const chatCompletions: WireProtocol = {
  ...openai,
  usageIsAsked: true,
  heldEventBytes: shortEventBytes,
  streamsLists: false,
  read,
  rewrite,
  eventKind,
  readFigures,
  holdsOnlyUsage: (json) => isObject(json) && Array.isArray(json["choices"]) && json["choices"].length === 0,
  endsWith: (lastEvent) =>
    lastEvent.includes('"finish_reason":"') ||
    lastEvent.includes('"finish_reason": "') ||
    holdsUsage(lastEvent, 0),
  refusesUsage: ({ message }) => message.includes("stream_options") || message.includes("include_usage"),
}
