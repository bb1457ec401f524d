import { expect, test } from "vitest"
import { askAnthropic, askAt, askOpenai, readAnswer, readEvents } from "../call-provider.ts"
import { startSimulatedProvider } from "../provider.ts"

const forced = { "x-sim-input-tokens": "9", "x-sim-output-tokens": "2" }

test("a completion of a text, as a whole and as a stream with its usage", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const url = `${provider.url}/v1/completions`
  const body = { model: "demo-gpt", prompt: "Once" }
  const choice = { index: 0, logprobs: null, finish_reason: "stop" }
  const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 }
  expect(JSON.parse((await readAnswer(askAt(url, body, forced))).text)).toMatchObject({
    object: "text_completion",
    choices: [{ ...choice, text: expect.stringMatching(/^(\S+ ){2}$/) }],
    usage,
  })
  const asked = askAt(url, { ...body, stream: true, stream_options: { include_usage: true } }, forced)
  const events = readEvents((await readAnswer(asked)).text).map(({ data }) => data)
  expect(events.pop()).toBe("[DONE]")
  expect(events.map((data) => JSON.parse(data))).toMatchObject([
    { choices: [{ text: expect.stringMatching(/^\S+ $/), finish_reason: null }], usage: null },
    { choices: [{ finish_reason: null }], usage: null },
    { choices: [choice], usage: null },
    { choices: [], usage },
  ])
})

test("embeddings are as many as there are texts, as numbers or as base64", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const url = `${provider.url}/v1/embeddings`
  const body = { model: "demo-gpt", input: ["a", "b"], dimensions: 3 }
  const numbers = JSON.parse((await readAnswer(askAt(url, body, forced))).text)
  expect(numbers).toMatchObject({ object: "list", usage: { prompt_tokens: 9, total_tokens: 9 } })
  expect(numbers.data.map(({ embedding }: { embedding: number[] }) => embedding.length)).toEqual([3, 3])
  const encoded = await readAnswer(askAt(url, { ...body, input: "a", encoding_format: "base64" }))
  expect(Buffer.from(JSON.parse(encoded.text).data[0].embedding, "base64").byteLength).toBe(12)
})

test("the tokens of a message are counted without a maximum", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const body = { model: "demo-claude", messages: [{ role: "user", content: "hello" }] }
  const asked = askAt(`${provider.url}/v1/messages/count_tokens`, body, forced)
  expect(JSON.parse((await readAnswer(asked)).text)).toEqual({ input_tokens: 9 })
})

test("a tool is called in place of a text, in chat completions and messages", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const called = { "x-sim-tool-call": 'weather {"place":"Oslo"}' }
  const chat = JSON.parse((await readAnswer(askOpenai(provider.url, called))).text)
  expect(chat.choices[0]).toMatchObject({
    finish_reason: "tool_calls",
    message: {
      content: null,
      tool_calls: [{ function: { name: "weather", arguments: '{"place":"Oslo"}' } }],
    },
  })
  const message = JSON.parse((await readAnswer(askAnthropic(provider.url, called))).text)
  expect(message).toMatchObject({
    stop_reason: "tool_use",
    content: [{ type: "tool_use", name: "weather", input: { place: "Oslo" } }],
  })
  const nonsense = await readAnswer(askOpenai(provider.url, { "x-sim-tool-call": "weather {oops}" }))
  expect([nonsense.status, nonsense.text]).toEqual([400, expect.stringContaining("x-sim-tool-call")])
})
