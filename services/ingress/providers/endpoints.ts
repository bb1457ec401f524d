import type { IncomingHttpHeaders } from "node:http"
import { anthropic } from "./anthropic/anthropic.ts"
import { countTokens } from "./anthropic/count-tokens.ts"
import { messages } from "./anthropic/messages.ts"
import { gemini } from "./gemini/gemini.ts"
import { generateContent, streamGenerateContent } from "./gemini/generate-content.ts"
import { chatCompletions } from "./openai/chat-completions.ts"
import { embeddings } from "./openai/embeddings.ts"
import { openai } from "./openai/openai.ts"
import { responses } from "./openai/responses.ts"
import type { Dialect, WireProtocol } from "./protocol.ts"

const byPath = new Map<string, WireProtocol>([
  ["/v1/chat/completions", chatCompletions],
  ["/v1/completions", chatCompletions],
  ["/v1/embeddings", embeddings],
  ["/v1/responses", responses],
  ["/v1/messages", messages],
  ["/v1/messages/count_tokens", countTokens],
])

const geminiMethods = new Map<string, WireProtocol>([
  ["generateContent", generateContent],
  ["streamGenerateContent", streamGenerateContent],
])
const geminiPath = /^\/v1(?:alpha|beta)?\/models\/[^/]*:([A-Za-z]+)$/

/** Returns what is spoken at a path; one more family of endpoints is one more entry. Source: S5. */
export const endpointAt = (path: string): WireProtocol | undefined =>
  byPath.get(path) ?? geminiMethods.get(geminiPath.exec(path)?.[1] ?? "")

/** Returns the shape in which a caller of no endpoint's path reads answers: that of its neighbours or, where these are of several APIs, of the one whose headers it sends. */
export const dialectOf = (path: string, headers: IncomingHttpHeaders): Dialect => {
  if (/^\/v1(?:alpha|beta)\//.test(path) || headers["x-goog-api-key"] !== undefined) return gemini
  return headers["anthropic-version"] !== undefined || path.startsWith("/v1/messages") ? anthropic : openai
}

const modelsPath = /^\/v1(?:alpha|beta)?\/models(?:\/(.*))?$/

/** Reads a path of the list of models: the name of one of them, or an empty one for the list; `undefined` for any other path. */
export const modelsAt = (path: string, dialect: Dialect): string | undefined => {
  const found = modelsPath.exec(path)
  if (found === null) return undefined
  const name = found[1] ?? ""
  // Here stands after a colon what is to be done with the model.
  return dialect.name === "gemini" && name.includes(":") ? undefined : name
}

const unserved = [
  "/v1/realtime",
  "/v1/files",
  "/v1/batches",
  "/v1/messages/batches",
  "/v1/responses",
  "/v1/uploads",
  "/v1beta/files",
  "/v1beta/batches",
  "/upload/v1beta/files",
]

/** Adds to a 404 what does not pass here on purpose. Source: S5. */
export const unservedNote = (path: string): string =>
  unserved.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
    ? " Realtime sessions, files, batches and stored responses do not pass through this proxy: call the provider for them."
    : ""
