import { estimateInputTokens } from "./estimate.ts"
import { gemini, modelOfPath } from "./gemini.ts"
import {
  type Ask,
  choicesIn,
  type EventKind,
  type Figures,
  isObject,
  longEventBytes,
  tokenCount,
  type WireProtocol,
} from "./protocol.ts"

const read =
  (stream: boolean) =>
  (json: Readonly<Record<string, unknown>>, bytes: number, path: string): Ask | string => {
    const model = modelOfPath(path)
    if (model === "") return "The path must name a model."
    // The API takes its fields in both spellings.
    const config = json["generationConfig"] ?? json["generation_config"]
    const of = isObject(config) ? config : {}
    return {
      model,
      stream,
      maxTokens: tokenCount(of["maxOutputTokens"] ?? of["max_output_tokens"]) ?? null,
      choices: choicesIn(of["candidateCount"] ?? of["candidate_count"]),
      inputTokens: estimateInputTokens(json["contents"], bytes),
      usageAsked: true,
    }
  }

const errorAtBegin = /^(?:data: ?)?\s*\{\s*"error"/

const eventKind = (event: string): EventKind => {
  if (errorAtBegin.test(event)) return "error"
  // The arguments of a called function may have a member of this name, so what seems to be an end is looked at.
  if (event.includes('"finishReason"') && isEnd(jsonIn(event))) return "end"
  return event.includes('"usageMetadata"') ? "usage" : "text"
}

const jsonIn = (event: string): unknown => {
  const begin = event.indexOf("{")
  try {
    return JSON.parse(event.slice(begin, event.lastIndexOf("}") + 1))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
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
  read: read(false),
  // The model is named by the path.
  rewrite: (body) => body,
  eventKind,
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
