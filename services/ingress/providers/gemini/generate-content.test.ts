import { describe, expect, test } from "vitest"
import { problem } from "../../http/errors.ts"
import { scanBody } from "../../testing/scan-body.ts"
import { EventFramer } from "../../upstream/sse.ts"
import { gemini } from "./gemini.ts"
import { generateContent, streamGenerateContent } from "./generate-content.ts"

const path = "/v1beta/models/gemini-2.5-pro:generateContent"
const usageMetadata = {
  promptTokenCount: 90,
  toolUsePromptTokenCount: 10,
  cachedContentTokenCount: 60,
  candidatesTokenCount: 8,
  thoughtsTokenCount: 12,
  totalTokenCount: 120,
}
const tokens = { input: 40, output: 20, cacheRead: 60, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 12 }
const chunk = (parts: ReadonlyArray<object>, finish?: string) => ({
  candidates: [{ content: { parts }, ...(finish === undefined ? {} : { finishReason: finish }) }],
  usageMetadata,
})
const event = (json: object) => `data: ${JSON.stringify(json)}\r\n\r\n`

const run = (text: string) => {
  const framer = new EventFramer(streamGenerateContent, false)
  const passed = framer.feed(Buffer.from(text))?.toString() ?? ""
  const isWhole = framer.finish()
  return { framer, isWhole, passed, held: framer.takeHeld()?.toString() ?? "" }
}

const read = (body: unknown, at = path) => generateContent.read(scanBody(generateContent, body), at)

describe("a request for content", () => {
  test("names its model in the path, and is a stream by it", () => {
    expect(read({})).toMatchObject({ model: "gemini-2.5-pro", stream: false })
    const encoded = "/v1beta/models/my%20model:streamGenerateContent"
    expect(streamGenerateContent.read(scanBody(streamGenerateContent, {}), encoded)).toMatchObject({
      model: "my model",
      stream: true,
    })
  })

  test.each(["/v1beta/models/:generateContent", "/v1beta/models/%zz:generateContent"])(
    "at %s names none",
    (at) => expect(read({}, at)).toBe("The path must name a model."),
  )

  test("is read for the most that it may answer, in both spellings", () => {
    for (const config of [
      { generationConfig: { maxOutputTokens: 7 } },
      { generation_config: { max_output_tokens: 7 } },
    ])
      expect(read(config)).toMatchObject({ maxTokens: 7 })
    expect(read({ generationConfig: { maxOutputTokens: "7", candidateCount: 2 } })).toMatchObject({
      maxTokens: 7,
      choices: 2,
    })
    const both = { maxOutputTokens: 1, max_output_tokens: 900 }
    expect(read({ generationConfig: both })).toMatchObject({ maxTokens: 900 })
    expect(read({ generationConfig: both, generation_config: both })).toBeTypeOf("string")
    expect(read({ generationConfig: { maxOutputTokens: "many" } })).toBeTypeOf("string")
  })

  test("may name its model in the body too, if it is that of the path, and is mapped there too", () => {
    for (const model of ["gemini-2.5-pro", "models/gemini-2.5-pro"]) {
      expect(read({ model })).toMatchObject({ model: "gemini-2.5-pro" })
      const body = JSON.stringify({ contents: [], model })
      const rewritten = generateContent.rewrite(Buffer.from(body), scanBody(generateContent, body), {
        model: "other",
        askUsage: false,
      })
      expect(rewritten.toString()).toBe(body.replace("gemini-2.5-pro", "other"))
    }
    expect(read({ model: "gemini-2.5-flash" })).toBeTypeOf("string")
  })

  test("that holds an image is not estimated by the image's bytes", () => {
    const parts = [{ inlineData: { mimeType: "image/png", data: "A".repeat(400_000) } }]
    const ask = read({ contents: [{ parts }] })
    expect(ask).toMatchObject({
      inputTokens: expect.toSatisfy((count: number) => count > 1_000 && count < 1_100),
    })
  })
})

describe("usage", () => {
  test("counts thoughts as output, and what came from the cache apart from the rest of the prompt", () => {
    expect(generateContent.readFigures(chunk([], "STOP"), undefined)).toEqual({ tokens, final: true })
  })

  test("of a chunk before the end is not final, and that of a refused prompt is", () => {
    expect(generateContent.readFigures(chunk([]), undefined)?.final).toBe(false)
    const blocked = { promptFeedback: { blockReason: "SAFETY" }, usageMetadata }
    expect(generateContent.readFigures(blocked, undefined)?.final).toBe(true)
    expect(run(event(blocked)).isWhole).toBe(true)
  })
})

describe("a stream of events", () => {
  test("ends with the chunk that has a finish reason, which is held back", () => {
    const before = event(chunk([{ text: "a" }]))
    const end = event(chunk([{ text: "b" }], "STOP"))
    const { framer, isWhole, passed, held } = run(before + end)
    expect([passed, held, isWhole]).toEqual([before, end, true])
    expect(framer.figures).toEqual({ tokens, final: true })
  })

  test("does not end with an argument of a called function that is named like the reason", () => {
    const call = event(chunk([{ functionCall: { name: "f", args: { finishReason: "STOP" } } }]))
    expect(run(call)).toMatchObject({ passed: call, held: "", isWhole: false })
  })

  test("may hold an error", () => {
    const { framer, passed } = run(event({ error: { code: 503, message: "m", status: "UNAVAILABLE" } }))
    expect(framer.failed).toBe(true)
    expect(passed).toContain("UNAVAILABLE")
  })
})

test("a mapped model takes the client's place in the path, before and after a version in the base URL", () => {
  const at = (base: string, model: string | null = null) => gemini.upstreamPath(base, path, model)
  expect(gemini.upstreamPath("", "/v1alpha/models/a%2520:generateContent", "b/c")).toBe(
    "/v1alpha/models/b%2Fc:generateContent",
  )
  expect(at("")).toBe(path)
  expect(at("", "gemini-3-pro-preview")).toBe("/v1beta/models/gemini-3-pro-preview:generateContent")
  expect(at("/gemini")).toBe(`/gemini${path}`)
  expect(at("/gemini/v1alpha", "a b")).toBe("/gemini/v1alpha/models/a%20b:generateContent")
  expect(gemini.upstreamPath("/v1beta", "/v1/models/m:generateContent", null)).toBe(
    "/v1beta/models/m:generateContent",
  )
})

test("an error has Google's shape, with our code as its reason, and is read back", () => {
  const body: unknown = JSON.parse(gemini.errorBody(problem("model_not_found", "No."), "r"))
  expect(body).toMatchObject({ error: { code: 404, message: "No.", status: "NOT_FOUND" } })
  const words = { type: "NOT_FOUND", message: "No.", details: { reasons: ["model_not_found"] } }
  expect(gemini.errorWords(body)).toMatchObject(words)
  expect(gemini.errorWords([body])).toMatchObject(words)
  expect(gemini.errorWords({ error: "text" })).toBeUndefined()
})

test("an account's credential is a key, or a bearer", () => {
  expect(gemini.credentialHeader("api-key", "k")).toEqual(["x-goog-api-key", "k"])
  expect(gemini.credentialHeader("bearer", "k")).toEqual(["authorization", "Bearer k"])
})
