import { expect, test } from "vitest"
import { askAt, readAnswer, readEvents } from "../call-provider.ts"
import { startSimulatedProvider } from "../provider.ts"

const forced = {
  "x-sim-input-tokens": "100",
  "x-sim-cached-tokens": "40",
  "x-sim-output-tokens": "5",
  "x-sim-reasoning-tokens": "2",
}
const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 2 },
  total_tokens: 105,
}
const ask = (url: string, body: object = {}, headers: Record<string, string> = {}) =>
  readAnswer(
    askAt(`${url}/v1/responses`, { model: "demo-gpt", input: "hello", ...body }, { ...forced, ...headers }),
  )

const eventsOf = async (url: string, headers: Record<string, string> = {}) => {
  const events = readEvents((await ask(url, { stream: true }, headers)).text)
  const data = events.map((event) => JSON.parse(event.data) as { type: string; sequence_number: number })
  expect(data.map(({ type }) => type)).toEqual(events.map(({ event }) => event))
  expect(data.map((event) => event.sequence_number)).toEqual(data.map((_, at) => at))
  return data
}

test("a response holds its message and the usage that was asked for", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  expect(JSON.parse((await ask(provider.url)).text)).toMatchObject({
    id: expect.stringMatching(/^resp_/),
    object: "response",
    status: "completed",
    output: [
      { type: "message", content: [{ type: "output_text", text: expect.stringMatching(/^(\S+ ){5}$/) }] },
    ],
    usage,
  })
})

test("a stream counts its events and repeats the response at its end", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const events = await eventsOf(provider.url, { "x-sim-chunks": "2" })
  expect(events.map(({ type }) => type.replace("response.", ""))).toEqual([
    "created",
    "in_progress",
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
    "completed",
  ])
  expect(events[0]).toMatchObject({ response: { status: "in_progress", output: [], usage: null } })
  expect(events.at(-1)).toMatchObject({ response: { status: "completed", usage } })
})

test("a tool is called where the control header says so", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const called = { "x-sim-tool-call": 'weather {"place":"Oslo"}' }
  const item = { type: "function_call", name: "weather", arguments: '{"place":"Oslo"}' }
  expect(JSON.parse((await ask(provider.url, {}, called)).text).output).toMatchObject([item])
  expect((await eventsOf(provider.url, called)).at(-1)).toMatchObject({ response: { output: [item] } })
})

test("an answer that reaches its maximum is incomplete", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const asked = askAt(`${provider.url}/v1/responses`, { model: "m", input: "hello", max_output_tokens: 1 })
  expect(JSON.parse((await readAnswer(asked)).text)).toMatchObject({
    status: "incomplete",
    incomplete_details: { reason: "max_output_tokens" },
  })
  expect((await ask(provider.url, { input: undefined })).status).toBe(400)
})
