import { outlineOf } from "../../json/outline.ts"
import { splice } from "../../json/splice.ts"
import { readAsk } from "../asked.ts"
import { eventName } from "../event-name.ts"
import {
  type Ask,
  type EventKind,
  type Figures,
  isObject,
  longEventBytes,
  type ScannedBody,
  textOf,
  tokenCount,
  type WireProtocol,
} from "../protocol.ts"
import { openai } from "./openai.ts"

const asked = outlineOf({
  model: "value",
  stream: "value",
  background: "value",
  max_output_tokens: "value",
  user: "value",
  prompt_cache_key: "value",
  input: "files",
})
const answered = outlineOf({ type: "value", usage: "value", response: { usage: "value" } })
const costMembers = { maxTokens: ["max_output_tokens"], choices: [] }

const read = (scanned: ScannedBody): Ask | string => {
  const ask = readAsk(scanned, costMembers)
  if (typeof ask === "string") return ask
  // Its answer is fetched later, past the request that paid for it, so its usage would never be known.
  if ((scanned.json["background"] ?? false) !== false)
    return "Responses in the background do not pass through this proxy."
  return { ...ask, usageAsked: true }
}

const kinds = new Map<string, EventKind>([
  ["response.completed", "end"],
  ["response.incomplete", "end"],
  ["response.failed", "failure"],
  ["error", "error"],
])

/** The names of those that hold a piece of a text, of arguments or of a thought end so; others repeat it as a whole. */
const deltaEnd = ".delta"

const eventKind = (event: string): EventKind => {
  // Nearly every event of a stream is one of these.
  if (event.startsWith("event: response.output_text.delta")) return "text"
  return kindOfName(eventName(event, { has: (one) => kinds.has(one) || one.endsWith(deltaEnd) }))
}

const kindOfName = (name: string): EventKind => kinds.get(name) ?? (name.endsWith(deltaEnd) ? "text" : "pass")

const kindOfRead = (json: unknown, name: string): EventKind =>
  kindOfName(name === "" && isObject(json) ? textOf(json["type"]) : name)

/** Reads the response, or the one that an event tells of. Usage stands only in one that has ended. */
const readFigures = (json: unknown, known: Figures | undefined): Figures | undefined => {
  if (!isObject(json)) return known
  const response = isObject(json["response"]) ? json["response"] : json
  const usage = response["usage"]
  if (!isObject(usage)) return known
  const sum = tokenCount(usage["input_tokens"])
  const output = tokenCount(usage["output_tokens"])
  if (sum === undefined && output === undefined) return known
  const input = usage["input_tokens_details"]
  const cached = tokenCount(isObject(input) ? input["cached_tokens"] : undefined) ?? 0
  const cacheRead = Math.min(cached, sum ?? 0)
  const details = usage["output_tokens_details"]
  return {
    tokens: {
      input: (sum ?? 0) - cacheRead,
      output: output ?? 0,
      cacheRead,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      reasoning: tokenCount(isObject(details) ? details["reasoning_tokens"] : undefined) ?? 0,
    },
    final: true,
  }
}

/** Responses. Source: OpenAI API reference. */
export const responses: WireProtocol = {
  ...openai,
  usageIsAsked: false,
  // The end event repeats the whole response.
  heldEventBytes: longEventBytes,
  streamsLists: false,
  asked,
  read,
  rewrite: (body, { ranges }, { model }) =>
    model === null ? body : splice(body, ranges, [{ path: "model", value: JSON.stringify(model) }]),
  eventKind,
  answered,
  kindOfRead,
  readFigures,
  holdsOnlyUsage: () => false,
  endsWith: () => false,
  refusesUsage: () => false,
  // Both shapes in which it is documented and seen: SDKs look for either.
  errorEvent: (problem, requestId) => {
    const { error } = JSON.parse(openai.errorBody(problem, requestId)) as { error: object }
    const { code, message } = problem
    const event = { type: "error", code, message, param: null, sequence_number: 0, error }
    return `event: error\ndata: ${JSON.stringify(event)}\n\n`
  },
}
