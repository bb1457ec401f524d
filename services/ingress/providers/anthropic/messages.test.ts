import { describe, expect, test } from "vitest"
import type { Figures } from "../protocol.ts"
import { messages } from "./messages.ts"

const start = {
  type: "message_start",
  message: {
    usage: {
      input_tokens: 50,
      cache_creation_input_tokens: 30,
      cache_read_input_tokens: 400,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 1,
    },
  },
}

const readAll = (...events: ReadonlyArray<unknown>) =>
  events.reduce<Figures | undefined>((known, event) => messages.readFigures(event, known), undefined)

describe("usage", () => {
  test("begins with the message and is final with its last delta, whose figures are sums", () => {
    expect(readAll(start)).toMatchObject({ final: false, tokens: { input: 50, output: 1 } })
    const delta = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 77 } }
    expect(readAll(start, delta)).toEqual({
      final: true,
      tokens: { input: 50, output: 77, cacheRead: 400, cacheWrite5m: 10, cacheWrite1h: 20, reasoning: 0 },
    })
  })

  test("of a delta that repeats the input takes the place of what was known", () => {
    const usage = {
      input_tokens: 60,
      cache_creation_input_tokens: 45,
      cache_read_input_tokens: 0,
      output_tokens: 9,
    }
    expect(readAll(start, { type: "message_delta", usage })?.tokens).toEqual({
      input: 60,
      output: 9,
      cacheRead: 0,
      cacheWrite5m: 25,
      cacheWrite1h: 20,
      reasoning: 0,
    })
  })

  test("of a whole message is final; what was written to a cache counts as 5 minutes where it is not split", () => {
    const usage = { input_tokens: 4, cache_creation_input_tokens: 6, output_tokens: 2 }
    expect(readAll({ type: "message", usage })).toMatchObject({
      final: true,
      tokens: { cacheWrite5m: 6, cacheWrite1h: 0 },
    })
  })

  test("that is not there is none", () => {
    expect(readAll({ type: "message" }, "text", { type: "message_delta", usage: null })).toBeUndefined()
  })
})

describe("an event", () => {
  test("is known by its name", () => {
    expect(messages.eventKind('event: message_start\ndata: {"type":"message_start"}\n\n')).toBe("usage")
    expect(messages.eventKind('event: message_stop\r\ndata: {"type":"message_stop"}\r\n\r\n')).toBe("end")
    expect(messages.eventKind('event: error\ndata: {"type":"error"}\n\n')).toBe("error")
    expect(messages.eventKind('event: ping\ndata: {"type": "ping"}\n\n')).toBe("pass")
  })

  test("without a name is known by the type in its data, and not by a text", () => {
    expect(messages.eventKind('data: {"type": "message_stop"}\n\n')).toBe("end")
    const text = JSON.stringify({ type: "content_block_delta", delta: { text: '"type":"message_stop"' } })
    expect(messages.eventKind(`data: ${text}\n\n`)).toBe("text")
    expect(messages.eventKind(`event: content_block_delta\ndata: ${text}\n\n`)).toBe("text")
  })
})

test("an account of setup tokens sends them as a bearer", () => {
  expect(messages.credentialHeader("api-key", "k")).toEqual(["x-api-key", "k"])
  expect(messages.credentialHeader("bearer", "k")).toEqual(["authorization", "Bearer k"])
})

test("a base URL stands before the version", () => {
  expect(messages.upstreamPath("", "/v1/messages", null)).toBe("/v1/messages")
  expect(messages.upstreamPath("/anthropic", "/v1/messages", null)).toBe("/anthropic/v1/messages")
  expect(messages.upstreamPath("/api/v1", "/v1/messages", null)).toBe("/api/v1/messages")
})
