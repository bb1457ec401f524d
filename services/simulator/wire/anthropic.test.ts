import { expect, test } from "vitest"
import { askAnthropic, readAnswer, readEvents } from "../call-provider.ts"
import { startSimulatedProvider } from "../provider.ts"
import { formatInstant } from "./anthropic.ts"

const forced = {
  "x-sim-input-tokens": "100",
  "x-sim-cached-tokens": "40",
  "x-sim-cache-write-tokens": "10",
  "x-sim-output-tokens": "5",
}
const inputUsage = { input_tokens: 50, cache_creation_input_tokens: 10, cache_read_input_tokens: 40 }
const cacheCreation = { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 0 }

test("a message has every field of the API, and the usage that was asked for", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const { status, headers, text } = await readAnswer(askAnthropic(provider.url, forced))
  expect(status).toBe(200)
  expect(headers.get("content-type")).toBe("application/json")
  expect(headers.get("request-id")).toMatch(/^req_011/)
  expect(JSON.parse(text)).toEqual({
    model: "demo-claude",
    id: expect.stringMatching(/^msg_01[A-Za-z0-9]{24}$/),
    type: "message",
    role: "assistant",
    content: [{ type: "text", text: expect.stringMatching(/^(\S+ ){5}$/) }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { ...inputUsage, cache_creation: cacheCreation, output_tokens: 5, service_tier: "standard" },
  })
})

test("a stream goes from message_start with the input usage to message_delta with the output usage and message_stop", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const { headers, text } = await readAnswer(
    askAnthropic(provider.url, { ...forced, "x-sim-chunks": "2" }, { stream: true }),
  )
  expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  const events = readEvents(text)
  for (const { event, data } of events) expect(JSON.parse(data)).toHaveProperty("type", event)
  const delta = {
    type: "content_block_delta",
    index: 0,
    delta: { type: "text_delta", text: expect.any(String) },
  }
  expect(events.map(({ data }): unknown => JSON.parse(data))).toEqual([
    {
      type: "message_start",
      message: {
        model: "demo-claude",
        id: expect.stringMatching(/^msg_01/),
        type: "message",
        role: "assistant",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { ...inputUsage, cache_creation: cacheCreation, output_tokens: 1, service_tier: "standard" },
      },
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "ping" },
    delta,
    delta,
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { ...inputUsage, output_tokens: 5 },
    },
    { type: "message_stop" },
  ])
})

test("max_tokens cuts the answer and is required", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const cut = await readAnswer(askAnthropic(provider.url, {}, { max_tokens: 3 }))
  expect(JSON.parse(cut.text)).toMatchObject({ stop_reason: "max_tokens", usage: { output_tokens: 3 } })
  const missing = await readAnswer(askAnthropic(provider.url, {}, { max_tokens: null }))
  expect([missing.status, JSON.parse(missing.text)]).toEqual([
    400,
    {
      type: "error",
      error: { type: "invalid_request_error", message: "max_tokens: Field required" },
      request_id: missing.headers.get("request-id"),
    },
  ])
})

const listedModel = (id: string) => ({
  type: "model",
  id,
  display_name: id,
  created_at: "2025-01-01T00:00:00Z",
})

test("models are listed in the protocol's shape when the request names an API version", async () => {
  await using provider = await startSimulatedProvider({ models: ["a", "b"] })
  const { text } = await readAnswer(
    fetch(`${provider.url}/v1/models`, { headers: { "anthropic-version": "2023-06-01" } }),
  )
  expect(JSON.parse(text)).toEqual({
    data: [listedModel("a"), listedModel("b")],
    has_more: false,
    first_id: "a",
    last_id: "b",
  })
})

test("a reset is an RFC 3339 instant in whole seconds, never before the true one", () => {
  expect(formatInstant(1_790_000_000_001)).toBe("2026-09-21T14:13:21Z")
  expect(formatInstant(1_790_000_000_000)).toBe("2026-09-21T14:13:20Z")
})
