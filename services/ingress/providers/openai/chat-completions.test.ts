import { describe, expect, test } from "vitest"
import { scanBody } from "../../testing/scan-body.ts"
import { chatCompletions } from "./chat-completions.ts"

const read = (json: Record<string, unknown>) =>
  chatCompletions.read(scanBody(chatCompletions, json), "/v1/chat/completions")

describe("a chat completion", () => {
  test("is read for its model, its stream and the most that it may answer", () => {
    expect(
      read({ model: "m", stream: true, max_tokens: 5, stream_options: { include_usage: true } }),
    ).toMatchObject({
      model: "m",
      stream: true,
      maxTokens: 5,
      usageAsked: true,
    })
    expect(read({ model: "m", max_tokens: 5, max_completion_tokens: 9 })).toMatchObject({
      maxTokens: 9,
      stream: false,
    })
    expect(read({ model: "m", max_tokens: 9, max_completion_tokens: 5 })).toMatchObject({ maxTokens: 9 })
    expect(read({ model: "m", max_tokens: null })).toMatchObject({ maxTokens: null, usageAsked: false })
  })

  test("without a model is refused", () => {
    expect(read({ messages: [] })).toBeTypeOf("string")
    expect(read({ model: 3 })).toBeTypeOf("string")
  })

  test.each([
    { max_tokens: "9" },
    { n: "4" },
    { stream: "true" },
    { stream: 1 },
    { max_completion_tokens: [9] },
  ])("with %j is refused, which upstreams may read as what it looks like", (more) =>
    expect(read({ model: "m", ...more })).toBeTypeOf("string"),
  )

  test("that holds an image is not estimated by the image's bytes", () => {
    const url = `data:image/png;base64,${"A".repeat(400_000)}`
    const ask = read({
      model: "m",
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }],
    })
    expect(ask).toMatchObject({
      inputTokens: expect.toSatisfy((tokens: number) => tokens > 1_000 && tokens < 1_100),
    })
  })
})

describe("the body for the upstream", () => {
  const rewrite = (body: string, model: string | null, askUsage: boolean) =>
    chatCompletions
      .rewrite(Buffer.from(body), scanBody(chatCompletions, body), { model, askUsage })
      .toString()

  test("has the mapped model and asks for usage, and is otherwise the client's", () => {
    expect(rewrite('{"model":"a", "stream" : true}', "b", true)).toBe(
      '{"stream_options":{"include_usage":true},"model":"b", "stream" : true}',
    )
  })

  test("keeps what else the client wants of the stream", () => {
    const body = '{"model":"a","stream_options":{"include_obfuscation":false,"include_usage":false}}'
    expect(JSON.parse(rewrite(body, null, true)).stream_options).toEqual({
      include_obfuscation: false,
      include_usage: true,
    })
    expect(JSON.parse(rewrite('{"model":"a","stream_options":null}', null, true)).stream_options).toEqual({
      include_usage: true,
    })
  })
})

describe("usage", () => {
  test("is read with what came from the cache apart from the rest of the input", () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 20,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 12 },
    }
    expect(chatCompletions.readFigures({ choices: [], usage }, undefined)).toEqual({
      tokens: { input: 40, output: 20, cacheRead: 60, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 12 },
      final: true,
    })
  })

  test("that grows with every chunk is final only with a finish reason", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1 }
    const chunk = (finish: string | null) => ({ choices: [{ finish_reason: finish }], usage })
    expect(chatCompletions.readFigures(chunk(null), undefined)?.final).toBe(false)
    expect(chatCompletions.readFigures(chunk("stop"), undefined)?.final).toBe(true)
  })

  test("that makes no sense is none", () => {
    for (const usage of [null, {}, { prompt_tokens: -1 }, { prompt_tokens: "7" }, [1]]) {
      expect(chatCompletions.readFigures({ usage }, undefined)).toBeUndefined()
    }
    expect(chatCompletions.readFigures("text", undefined)).toBeUndefined()
  })
})

test("an upstream that does not know stream_options is told by its message", () => {
  const words = (message: string) => ({ type: "invalid_request_error", code: "", message })
  expect(chatCompletions.refusesUsage(words("Unknown parameter: 'stream_options'."))).toBe(true)
  expect(chatCompletions.refusesUsage(words("extra inputs: include_usage"))).toBe(true)
  expect(chatCompletions.refusesUsage(words("Unknown parameter: 'tools'."))).toBe(false)
})

test("a base URL with a path holds the version, one without does not", () => {
  const at = (base: string) => chatCompletions.upstreamPath(base, "/v1/chat/completions", null)
  expect(at("")).toBe("/v1/chat/completions")
  expect(at("/v1")).toBe("/v1/chat/completions")
  expect(at("/v1beta/openai")).toBe("/v1beta/openai/chat/completions")
})
