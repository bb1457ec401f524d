import { describe, expect, test } from "vitest"
import { messages } from "../providers/anthropic/messages.ts"
import { generateContent } from "../providers/gemini/generate-content.ts"
import { chatCompletions } from "../providers/openai/chat-completions.ts"
import { embeddings } from "../providers/openai/embeddings.ts"
import { responses } from "../providers/openai/responses.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import { BodyRelay } from "./body-relay.ts"

/** Returns a body to a relay in pieces of a size. */
const run = (protocol: WireProtocol, text: string, pieceBytes = 65_536) => {
  const bytes = Buffer.from(text)
  const passed: Buffer[] = []
  const relay = new BodyRelay(protocol, bytes.length, {
    forward: (chunk) => passed.push(chunk),
    conclude: () => undefined,
  })
  for (let at = 0; at < bytes.length; at += pieceBytes) relay.data(bytes.subarray(at, at + pieceBytes))
  relay.end()
  return { relay, all: Buffer.concat([...passed, relay.takeTail() ?? Buffer.alloc(0)]).toString() }
}

const filling = Array.from({ length: 30_000 }, (_, n) => (n % 3 === 0 ? {} : n / 7))
const tokens = { input: 7, output: 3 }
const openaiUsage = { prompt_tokens: 7, completion_tokens: 3 }
const usage = { input_tokens: 7, output_tokens: 3 }
const usageMetadata = { promptTokenCount: 7, candidatesTokenCount: 3 }

describe("the figures of an answer that is one body", () => {
  test.each([
    [
      "a chat completion",
      chatCompletions,
      { choices: [{ finish_reason: "stop", filling }], usage: openaiUsage },
    ],
    ["embeddings", embeddings, { data: filling, usage: openaiUsage }],
    ["a message", messages, { type: "message", content: filling, usage }],
    ["a response", responses, { object: "response", output: filling, usage }],
    ["content", generateContent, { candidates: [{ finishReason: "STOP", filling }], usageMetadata }],
  ])("are read in %s of any length and in any pieces", (_, protocol, answer) => {
    for (const text of [JSON.stringify(answer), JSON.stringify(answer, null, 2)])
      for (const pieceBytes of [7, 65_536, 1_000_000]) {
        const { relay, all } = run(protocol, text, pieceBytes)
        expect(all === text).toBe(true)
        expect(relay.figures).toMatchObject({ final: true, tokens })
      }
  })

  test("are none where the body is no JSON, or breaks off, and it passes all the same", () => {
    for (const text of ["no json", `{"usage":${JSON.stringify(openaiUsage)}`, `{"usage":{}}`, ""]) {
      const { relay, all } = run(chatCompletions, text)
      expect([all, relay.figures]).toEqual([text, undefined])
    }
  })
})
