import { expect, test } from "vitest"
import { askOpenai, readAnswer, readEvents } from "../call-provider.ts"
import { startSimulatedProvider } from "../provider.ts"
import { formatDuration } from "./openai.ts"

const usage = {
  prompt_tokens: 100,
  completion_tokens: 5,
  total_tokens: 105,
  prompt_tokens_details: { cached_tokens: 40, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 2,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
}
const forced = {
  "x-sim-input-tokens": "100",
  "x-sim-cached-tokens": "40",
  "x-sim-output-tokens": "5",
  "x-sim-reasoning-tokens": "2",
}
const sameChunk = {
  id: expect.stringMatching(/^chatcmpl-[A-Za-z0-9]{24}$/),
  object: "chat.completion.chunk",
  created: expect.any(Number),
  model: "demo-gpt",
  service_tier: "default",
  system_fingerprint: expect.stringMatching(/^fp_/),
}

const chunkOf = (delta: object, finish: string | null) => ({
  ...sameChunk,
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
})

test("a completion has every field of a chat.completion, and the usage that was asked for", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const { status, headers, text } = await readAnswer(askOpenai(provider.url, forced))
  expect(status).toBe(200)
  expect(headers.get("content-type")).toBe("application/json")
  expect(headers.get("x-request-id")).toMatch(/^req_/)
  expect(JSON.parse(text)).toEqual({
    ...sameChunk,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: expect.stringMatching(/^(\S+ ){5}$/),
          refusal: null,
          annotations: [],
        },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage,
  })
})

test("a stream is a role chunk, content chunks, a finish chunk and [DONE], without usage", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const { headers, text } = await readAnswer(askOpenai(provider.url, forced, { stream: true }))
  expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  const events = readEvents(text)
  expect(events.every(({ event }) => event === null)).toBe(true)
  expect(events.at(-1)?.data).toBe("[DONE]")
  const chunks = events.slice(0, -1).map(({ data }): unknown => JSON.parse(data))
  expect(chunks).toEqual([
    chunkOf({ role: "assistant", content: "", refusal: null }, null),
    ...Array.from({ length: 5 }, () => chunkOf({ content: expect.stringMatching(/^\S+ $/) }, null)),
    chunkOf({}, "stop"),
  ])
  expect(new Set(chunks.map((chunk) => JSON.stringify(chunk).slice(0, 60))).size).toBe(1)
})

test("with stream_options.include_usage every chunk has a null usage and the last before [DONE] has the figures and no choice", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const { text } = await readAnswer(
    askOpenai(provider.url, forced, { stream: true, stream_options: { include_usage: true } }),
  )
  const chunks = readEvents(text)
    .slice(0, -1)
    .map(({ data }): unknown => JSON.parse(data))
  expect(chunks).toHaveLength(8)
  for (const chunk of chunks.slice(0, -1)) expect(chunk).toHaveProperty("usage", null)
  expect(chunks.at(-1)).toEqual({ ...sameChunk, choices: [], usage })
})

test("max_completion_tokens and max_tokens cut the answer and say so", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  for (const limit of [{ max_tokens: 3 }, { max_completion_tokens: 3 }]) {
    const { text } = await readAnswer(askOpenai(provider.url, {}, limit))
    expect(JSON.parse(text)).toMatchObject({
      choices: [{ finish_reason: "length" }],
      usage: { completion_tokens: 3 },
    })
  }
})

test("the input tokens follow the length of the text of all messages", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const messages = [
    { role: "system", content: "x".repeat(400) },
    { role: "user", content: [{ type: "text", text: "y".repeat(400) }] },
  ]
  const { text } = await readAnswer(askOpenai(provider.url, {}, { messages }))
  expect(JSON.parse(text)).toMatchObject({ usage: { prompt_tokens: 207 } })
})

test("a body that the protocol does not allow gets a 400 that names the field", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0, models: ["demo-gpt"] })
  const missing = await readAnswer(askOpenai(provider.url, {}, { messages: null }))
  expect([missing.status, JSON.parse(missing.text)]).toEqual([
    400,
    {
      error: {
        message: "Missing required parameter: 'messages'.",
        type: "invalid_request_error",
        param: "messages",
        code: null,
      },
    },
  ])
  const broken = await readAnswer(fetch(`${provider.url}/v1/chat/completions`, { method: "POST", body: "{" }))
  expect([broken.status, JSON.parse(broken.text)]).toMatchObject([
    400,
    { error: { type: "invalid_request_error" } },
  ])
  const unknown = await readAnswer(askOpenai(provider.url, {}, { model: "demo-other" }))
  expect([unknown.status, JSON.parse(unknown.text)]).toMatchObject([
    404,
    { error: { code: "model_not_found" } },
  ])
})

test("models are listed in the protocol's shape", async () => {
  await using provider = await startSimulatedProvider({ models: ["a", "b"] })
  const { text } = await readAnswer(fetch(`${provider.url}/v1/models`))
  const model = { object: "model", created: expect.any(Number), owned_by: "simulated" }
  expect(JSON.parse(text)).toEqual({
    object: "list",
    data: [
      { id: "a", ...model },
      { id: "b", ...model },
    ],
  })
})

test.each([
  [0, "0s"],
  [0.2, "1ms"],
  [120, "120ms"],
  [8_640, "8.64s"],
  [20_000, "20s"],
  [360_000, "6m0s"],
  [90_500, "1m30.5s"],
  [3_723_000, "1h2m3s"],
])("a reset in %d ms is written %s", (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text)
})
