import { expect, test } from "vitest"
import { scanBody } from "../testing/scan-body.ts"
import { countTokens } from "./anthropic/count-tokens.ts"
import { messages } from "./anthropic/messages.ts"
import { dialectOf, endpointAt, modelsAt } from "./endpoints.ts"
import { gemini } from "./gemini/gemini.ts"
import { generateContent, streamGenerateContent } from "./gemini/generate-content.ts"
import { chatCompletions } from "./openai/chat-completions.ts"
import { embeddings } from "./openai/embeddings.ts"
import { openai } from "./openai/openai.ts"
import { responses } from "./openai/responses.ts"

test.each([
  ["/v1/chat/completions", chatCompletions],
  ["/v1/completions", chatCompletions],
  ["/v1/embeddings", embeddings],
  ["/v1/responses", responses],
  ["/v1/messages", messages],
  ["/v1/messages/count_tokens", countTokens],
  ["/v1beta/models/m:generateContent", generateContent],
  ["/v1beta/models/m:streamGenerateContent", streamGenerateContent],
  ["/v1/models/m:generateContent", generateContent],
  ["/v1alpha/models/m:generateContent", generateContent],
  ["/v1beta/models/m:countTokens", undefined],
  ["/v1beta/models/m", undefined],
  ["/v1/responses/r1", undefined],
])("at %s is spoken what belongs there", (path, protocol) => {
  expect(endpointAt(path)).toBe(protocol)
})

test("a path that nothing is served at is answered in the shape of its neighbours", () => {
  const nameOf = (path: string, headers: Record<string, string> = {}) => dialectOf(path, headers).name
  expect(nameOf("/v1/nothing")).toBe("openai")
  expect(nameOf("/v1/models", { "anthropic-version": "2023-06-01" })).toBe("anthropic")
  expect(nameOf("/v1/models", { "x-goog-api-key": "k" })).toBe("gemini")
  expect(nameOf("/v1/messages/nothing")).toBe("anthropic")
  expect(nameOf("/v1beta/nothing")).toBe("gemini")
})

test.each([
  ["/v1/models", openai, ""],
  ["/v1/models/ft:gpt-4o:us::1", openai, "ft:gpt-4o:us::1"],
  ["/v1beta/models", gemini, ""],
  ["/v1/models/m", gemini, "m"],
  ["/v1beta/models/m:countTokens", gemini, undefined],
  ["/v1/model", openai, undefined],
])("%s is a path of the list of models, or none", (path, dialect, name) => {
  expect(modelsAt(path, dialect)).toBe(name)
})

test("what writes nothing is not expected to write", () => {
  const body = { model: "m", input: "hello", messages: [], stream: true }
  expect(embeddings.read(scanBody(embeddings, body), "")).toMatchObject({
    stream: false,
    maxTokens: 0,
    inputTokens: 15,
  })
  expect(countTokens.read(scanBody(countTokens, body), "")).toMatchObject({
    stream: false,
    maxTokens: 0,
    inputTokens: 0,
  })
  expect(countTokens.readFigures({ input_tokens: 20 }, undefined)).toMatchObject({
    final: true,
    tokens: { input: 0, output: 0 },
  })
  const usage = { prompt_tokens: 9, total_tokens: 9 }
  expect(embeddings.readFigures({ object: "list", data: [], usage }, undefined)).toMatchObject({
    final: true,
    tokens: { input: 9, output: 0 },
  })
})
