import { outlineOf } from "../../json/outline.ts"
import { objectIn } from "../../json/parse.ts"
import { splice } from "../../json/splice.ts"
import { estimateInputTokens, readCost } from "../asked.ts"
import {
  type Ask,
  type EventKind,
  type Figures,
  isObject,
  longEventBytes,
  type ScannedBody,
  tokenCount,
  type WireProtocol,
} from "../protocol.ts"
import { gemini, modelOfPath } from "./gemini.ts"

const limits = {
  maxOutputTokens: "value",
  max_output_tokens: "value",
  candidateCount: "value",
  candidate_count: "value",
} as const
const asked = outlineOf({
  model: "value",
  generationConfig: limits,
  generation_config: limits,
  contents: "files",
})
const answered = outlineOf({
  usageMetadata: "value",
  candidates: { finishReason: "value" },
  promptFeedback: { blockReason: "value" },
  error: {},
})
const costMembers = {
  maxTokens: ["maxOutputTokens", "max_output_tokens"],
  choices: ["candidateCount", "candidate_count"],
}

const read =
  (stream: boolean) =>
  (scanned: ScannedBody, path: string): Ask | string => {
    const { json } = scanned
    const model = modelOfPath(path)
    if (model === "") return "The path must name a model."
    if (json["model"] !== undefined && json["model"] !== model && json["model"] !== inBody(model))
      return "Its model must be that of the path."
    // The API takes its fields in both spellings, and numbers as texts.
    const one = json["generationConfig"] ?? null
    const other = json["generation_config"] ?? null
    if (one !== null && other !== null) return "It has two members generationConfig."
    const config = one ?? other
    const cost = readCost(isObject(config) ? withNumbers(config) : {}, costMembers)
    if (typeof cost === "string") return cost
    return { model, stream, ...cost, inputTokens: estimateInputTokens(scanned), usageAsked: true }
  }

const inBody = (model: string): string => `models/${model}`

const withNumbers = (config: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value,
    ]),
  )

/** The model is named by the path, and may be by the body too. */
const rewrite: WireProtocol["rewrite"] = (body, { json, ranges }, { model }) => {
  const named = json["model"]
  if (model === null || typeof named !== "string") return body
  const value = JSON.stringify(named.startsWith("models/") ? inBody(model) : model)
  return splice(body, ranges, [{ path: "model", value }])
}

const errorAtBegin = /^(?:data: ?)?\s*\{\s*"error"/

const eventKind = (event: string): EventKind => {
  if (errorAtBegin.test(event)) return "error"
  // The arguments of a called function may have a member of this name, so what seems to be an end is looked at.
  if (event.includes('"finishReason"') && isEnd(objectIn(event))) return "end"
  return event.includes('"usageMetadata"') ? "usage" : "text"
}

const kindOfRead = (json: unknown): EventKind => {
  if (!isObject(json)) return "pass"
  if (json["error"] !== undefined) return "error"
  if (isEnd(json)) return "end"
  return json["usageMetadata"] === undefined ? "text" : "usage"
}

const isEnd = (json: unknown): boolean => {
  const candidates = isObject(json) ? json["candidates"] : undefined
  return (
    Array.isArray(candidates) &&
    candidates.some((candidate) => isObject(candidate) && typeof candidate["finishReason"] === "string")
  )
}

/** A prompt that is refused gets an answer without a candidate. */
const isBlocked = (json: Readonly<Record<string, unknown>>): boolean => {
  const feedback = json["promptFeedback"]
  return isObject(feedback) && typeof feedback["blockReason"] === "string"
}

/** Each chunk tells the sums so far. Thoughts are not part of the candidates' tokens; what was read from a cache is part of the prompt. */
const readFigures = (json: unknown, known: Figures | undefined): Figures | undefined => {
  const usage = isObject(json) ? json["usageMetadata"] : undefined
  if (!isObject(json) || !isObject(usage)) return known
  const count = (name: string): number => tokenCount(usage[name]) ?? 0
  const prompt = count("promptTokenCount") + count("toolUsePromptTokenCount")
  const cacheRead = Math.min(count("cachedContentTokenCount"), prompt)
  const reasoning = count("thoughtsTokenCount")
  return {
    tokens: {
      input: prompt - cacheRead,
      output: count("candidatesTokenCount") + reasoning,
      cacheRead,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      reasoning,
    },
    final: isEnd(json) || isBlocked(json),
  }
}

/** An answer in one piece. Source: Gemini API reference. */
export const generateContent: WireProtocol = {
  ...gemini,
  usageIsAsked: false,
  // A chunk may hold a picture, and its end what is looked for.
  heldEventBytes: longEventBytes,
  streamsLists: false,
  asked,
  read: read(false),
  rewrite,
  eventKind,
  answered,
  kindOfRead,
  readFigures,
  holdsOnlyUsage: () => false,
  endsWith: (lastEvent) => lastEvent.includes('"blockReason"'),
  refusesUsage: () => false,
}

/** The same as a stream: of events with `alt=sse`, else of the items of one list. It has one candidate. Source: Gemini API reference. */
export const streamGenerateContent: WireProtocol = {
  ...generateContent,
  streamsLists: true,
  read: read(true),
}
