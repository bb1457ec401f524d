import { outlineOf } from "../../json/outline.ts"
import { type Edit, splice } from "../../json/splice.ts"
import { type CostMembers, readAsk } from "../asked.ts"
import {
  type Ask,
  type EventKind,
  type Figures,
  isObject,
  type Rewrite,
  type ScannedBody,
  shortEventBytes,
  tokenCount,
  type WireProtocol,
} from "../protocol.ts"
import { openai } from "./openai.ts"

const asked = outlineOf({
  model: "value",
  stream: "value",
  stream_options: { include_usage: "value" },
  max_tokens: "value",
  max_completion_tokens: "value",
  n: "value",
  best_of: "value",
  user: "value",
  prompt_cache_key: "value",
  messages: "files",
})
const answered = outlineOf({ usage: "value", choices: { finish_reason: "value" }, error: {} })
const costMembers: CostMembers = {
  maxTokens: ["max_completion_tokens", "max_tokens"],
  choices: ["n", "best_of"],
}

const read = (scanned: ScannedBody): Ask | string => {
  const ask = readAsk(scanned, costMembers)
  if (typeof ask === "string") return ask
  const options = scanned.json["stream_options"]
  const usageAsked = isObject(options) && options["include_usage"] === true
  return { ...ask, usageAsked }
}

const rewrite = (body: Buffer, scanned: ScannedBody, { model, askUsage }: Rewrite): Buffer => {
  const edits: Edit[] = []
  if (model !== null) edits.push({ path: "model", value: JSON.stringify(model) })
  if (askUsage) {
    // One that is no object is none, and an object keeps what else it says.
    const holdsOptions = isObject(scanned.json["stream_options"])
    edits.push(
      holdsOptions
        ? { path: "stream_options.include_usage", value: "true" }
        : { path: "stream_options", value: '{"include_usage":true}' },
    )
  }
  return splice(body, scanned.ranges, edits)
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

const kindOfRead = (json: unknown, name: string): EventKind => {
  if (!isObject(json)) return "pass"
  if (json["error"] !== undefined || name === "error") return "error"
  return isObject(json["usage"]) ? "usage" : "text"
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
  asked,
  read,
  rewrite,
  eventKind,
  answered,
  kindOfRead,
  readFigures,
  holdsOnlyUsage: (json) => isObject(json) && Array.isArray(json["choices"]) && json["choices"].length === 0,
  endsWith: (lastEvent) =>
    lastEvent.includes('"finish_reason":"') ||
    lastEvent.includes('"finish_reason": "') ||
    holdsUsage(lastEvent, 0),
  refusesUsage: ({ message }) => message.includes("stream_options") || message.includes("include_usage"),
}
