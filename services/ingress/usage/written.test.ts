import { describe, expect, test } from "vitest"
import { messages } from "../providers/anthropic/messages.ts"
import { generateContent } from "../providers/gemini/generate-content.ts"
import { chatCompletions } from "../providers/openai/chat-completions.ts"
import { responses } from "../providers/openai/responses.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import { EventFramer } from "../upstream/sse.ts"

const words = Array.from({ length: 400 }, (_, at) => ["the ", "answer ", "is ", "forty-two, "][at % 4] ?? "")
const tokens = words.join("").length / 4

const chat = (content: string) =>
  `data: ${JSON.stringify({
    id: "chatcmpl-0123456789abcdef0123456789ab",
    object: "chat.completion.chunk",
    created: 1_790_000_000,
    model: "gpt-5-mini-2025-08-07",
    system_fingerprint: "fp_44709d6fcb",
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
  })}\n\n`
const message = (text: string) =>
  `event: content_block_delta\ndata: ${JSON.stringify({
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text },
  })}\n\n`
const response = (delta: string) =>
  `event: response.output_text.delta\ndata: ${JSON.stringify({
    type: "response.output_text.delta",
    item_id: "msg_0123456789abcdef0123456789abcdef",
    output_index: 0,
    content_index: 0,
    delta,
  })}\n\n`
const gemini = (text: string) =>
  `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text }], role: "model" }, index: 0 }] })}\r\n\r\n`

const writtenIn = (protocol: WireProtocol, events: ReadonlyArray<string>): number => {
  const framer = new EventFramer(protocol, false)
  for (const event of events) framer.feed(Buffer.from(event))
  return framer.writtenTokens
}

describe("what a stream that breaks off has written (D4)", () => {
  test.each<[string, WireProtocol, (text: string) => string]>([
    ["chat completions", chatCompletions, chat],
    ["messages", messages, message],
    ["responses", responses, response],
    ["Gemini's chunks", generateContent, gemini],
  ])("is estimated from the pieces of %s, without what stands around them", (_, protocol, event) => {
    const written = writtenIn(protocol, words.map(event))
    expect(written).toBeGreaterThan(0.9 * tokens)
    expect(written).toBeLessThan(1.1 * tokens)
  })

  test("is not counted again where an event repeats it as a whole", () => {
    const whole = `event: response.output_text.done\ndata: ${JSON.stringify({ text: words.join("") })}\n\n`
    const events = [...words.map(response), whole, whole, whole]
    expect(writtenIn(responses, events)).toBeLessThan(1.1 * tokens)
  })

  test("is one token for each event of a shape that is not known", () => {
    const events = words.map((word) => `data: {"v":${JSON.stringify(word)}}\n\n`)
    expect(writtenIn(chatCompletions, events)).toBe(words.length)
  })

  test("is told by the size of an event that is too long to be held", () => {
    const chunks = [`data: {"text":"`, ...Array.from({ length: 20 }, () => "x".repeat(40_000))]
    expect(writtenIn(chatCompletions, chunks)).toBeGreaterThan(100_000)
  })

  test("is nothing before the first piece", () => {
    expect(writtenIn(messages, ['event: ping\ndata: {"type":"ping"}\n\n'])).toBe(0)
  })
})
