import { expect, test } from "vitest"
import { askGemini, readAnswer } from "../call-provider.ts"
import { startSimulatedProvider } from "../provider.ts"

const forced = {
  "x-sim-input-tokens": "100",
  "x-sim-cached-tokens": "40",
  "x-sim-output-tokens": "5",
  "x-sim-reasoning-tokens": "2",
}
const usageMetadata = {
  promptTokenCount: 100,
  candidatesTokenCount: 3,
  totalTokenCount: 105,
  cachedContentTokenCount: 40,
  thoughtsTokenCount: 2,
}
const { candidatesTokenCount: _none, ...usageBefore } = { ...usageMetadata, totalTokenCount: 100 }

const responseOf = (text: string, finish?: string) => ({
  candidates: [
    {
      content: { parts: [{ text: expect.stringMatching(text) }], role: "model" },
      ...(finish === undefined ? {} : { finishReason: finish }),
      index: 0,
    },
  ],
  usageMetadata: finish === undefined ? usageBefore : usageMetadata,
  modelVersion: "demo-gemini",
  responseId: expect.any(String),
})
const chunks = [...Array.from({ length: 5 }, () => responseOf(String.raw`^\S+ $`)), responseOf("^$", "STOP")]

test("an answer has one candidate and the usage that was asked for", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0, credentials: ["g-test"] })
  const { status, text } = await readAnswer(askGemini(provider.url, "generateContent", forced))
  expect(status).toBe(200)
  expect(JSON.parse(text)).toEqual(responseOf(String.raw`^(\S+ ){5}$`, "STOP"))
})

test("a stream of events ends with the chunk that has a finish reason and all figures", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const asked = askGemini(provider.url, "streamGenerateContent?alt=sse", forced)
  const { headers, text } = await readAnswer(asked)
  expect(headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  const events = text.split("\r\n\r\n")
  expect(events.pop()).toBe("")
  expect(events.map((event): unknown => JSON.parse(event.replace(/^data: /, "")))).toEqual(chunks)
})

test("a stream without alt=sse is one JSON list of the same chunks", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const { headers, text } = await readAnswer(askGemini(provider.url, "streamGenerateContent", forced))
  expect(headers.get("content-type")).toBe("application/json; charset=UTF-8")
  expect(JSON.parse(text)).toEqual(chunks)
})

test("a tool is called where the control header says so, and the maximum of tokens ends an answer", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const called = { "x-sim-tool-call": 'weather {"place":"Oslo"}' }
  const parts = [{ functionCall: { name: "weather", args: { place: "Oslo" } } }]
  for (const method of ["generateContent", "streamGenerateContent"]) {
    const { text } = await readAnswer(askGemini(provider.url, method, called))
    const [answer] = [JSON.parse(text)].flat()
    expect(answer.candidates).toMatchObject([{ content: { parts }, finishReason: "STOP" }])
  }
  const config = { generationConfig: { maxOutputTokens: 1 } }
  const { text } = await readAnswer(askGemini(provider.url, "generateContent", {}, config))
  expect(JSON.parse(text).candidates[0].finishReason).toBe("MAX_TOKENS")
})

test("refusals have Google's shape, and a wrong key is an invalid argument", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0, credentials: ["other"], models: ["m"] })
  const wrong = await readAnswer(askGemini(provider.url, "generateContent"))
  expect([wrong.status, JSON.parse(wrong.text)]).toMatchObject([
    400,
    { error: { code: 400, status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] } },
  ])
  const known = { "x-goog-api-key": "other" }
  const missing = await readAnswer(askGemini(provider.url, "generateContent", known))
  expect(JSON.parse(missing.text)).toMatchObject({ error: { code: 404, status: "NOT_FOUND" } })
  provider.configure({ models: null })
  const limited = { ...known, "x-sim-fault": "429-requests" }
  const { status, headers, text } = await readAnswer(askGemini(provider.url, "generateContent", limited))
  expect([status, headers.get("retry-after")]).toEqual([429, "6"])
  expect(JSON.parse(text).error).toMatchObject({
    status: "RESOURCE_EXHAUSTED",
    details: [{ violations: [{ quotaDimensions: { model: "demo-gemini" } }] }, { retryDelay: "6s" }],
  })
  const empty = await readAnswer(askGemini(provider.url, "generateContent", known, { contents: [] }))
  expect([empty.status, empty.text]).toEqual([400, expect.stringContaining("contents is not specified")])
})

test("its models are listed with what they can do", async () => {
  await using provider = await startSimulatedProvider({ models: ["demo-gemini"] })
  const { text } = await readAnswer(fetch(`${provider.url}/v1beta/models`))
  expect(JSON.parse(text)).toMatchObject({ models: [{ name: "models/demo-gemini" }] })
})
