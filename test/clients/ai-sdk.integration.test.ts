import { createOpenAI } from "@ai-sdk/openai"
import { APICallError, embed, generateText, jsonSchema, RetryError, streamText, type ToolSet } from "ai"
import { afterAll, describe, expect, test } from "vitest"
import { clientKey, countingFetch, fixedUsage, slowStream, startServed, toolCall } from "./served.ts"

const served = await startServed()
afterAll(() => served[Symbol.asyncDispose]())

const providerOf = (options: Parameters<typeof createOpenAI>[0] = {}) =>
  createOpenAI({ baseURL: `${served.url}/v1`, apiKey: clientKey, ...options })
const provider = providerOf()
const prompt = "hello"

describe.each([
  ["chat completions", (name: string) => provider.chat(name)],
  ["responses", (name: string) => provider.responses(name)],
])("%s", (_, modelOf) => {
  const model = modelOf("demo-openai")

  test("are answered as a whole and as a stream", async () => {
    const whole = await generateText({ model, prompt, headers: fixedUsage })
    expect(whole.text).toMatch(/^(\S+ ){3}$/)
    expect(whole.usage).toMatchObject({ inputTokens: 11, outputTokens: 3 })
    const stream = streamText({ model, prompt, headers: fixedUsage })
    expect(await stream.text).toMatch(/^(\S+ ){3}$/)
    expect(await stream.finishReason).toBe("stop")
    expect(await stream.usage).toMatchObject({ inputTokens: 11, outputTokens: 3 })
  })

  test("call tools", async () => {
    const tools: ToolSet = { weather: { inputSchema: jsonSchema({ type: "object" }) } }
    const called = [{ toolName: "weather", input: { place: "Oslo" } }]
    expect((await generateText({ model, prompt, tools, headers: toolCall })).toolCalls).toMatchObject(called)
    expect(await streamText({ model, prompt, tools, headers: toolCall }).toolCalls).toMatchObject(called)
  })

  test("that are left in the middle are left at the provider too", async () => {
    const before = served.provider.stats().aborted
    const leaving = new AbortController()
    const stream = streamText({ model, prompt, headers: slowStream, abortSignal: leaving.signal })
    for await (const text of stream.textStream) if (text !== "") leaving.abort()
    expect(await served.leftSince(before)).toBe(before + 1)
  })

  test("that break off end in an error", async () => {
    const errors: unknown[] = []
    const headers = { "x-sim-fault": "cut=2" }
    const stream = streamText({ model, prompt, headers, onError: ({ error }) => void errors.push(error) })
    await stream.consumeStream()
    expect(JSON.stringify(errors)).toContain("broke off before its end")
  })

  test("say what is wrong", async () => {
    const failure = await generateText({ model: modelOf("no-such-model"), prompt }).catch(
      (error: unknown) => error,
    )
    expect(APICallError.isInstance(failure) && [failure.statusCode, failure.isRetryable]).toEqual([
      404,
      false,
    ])
    expect(String(failure)).toContain("No pool serves the model")
  })
})

test("a local 429 is tried again twice, since no header says otherwise to this client, unless maxRetries is 0", async () => {
  const take = (abortSignal: AbortSignal) =>
    generateText({
      model: provider("narrow-openai"),
      prompt,
      headers: { "x-sim-service-ms": "60000" },
      abortSignal,
    })
  await served.whileTaken(take, async () => {
    const { fetch, calls } = countingFetch()
    const model = providerOf({ fetch })("narrow-openai")
    const given = await generateText({ model, prompt, maxRetries: 0 }).catch((error: unknown) => error)
    expect(APICallError.isInstance(given) && given.statusCode).toBe(429)
    expect(calls()).toBe(1)
    const tried = await generateText({ model, prompt }).catch((error: unknown) => error)
    expect(RetryError.isInstance(tried) && tried.reason).toBe("maxRetriesExceeded")
    expect(calls()).toBe(4)
  })
})

test("embeddings are answered", async () => {
  const { embedding } = await embed({ model: provider.embedding("demo-openai"), value: "hello" })
  expect(embedding).toHaveLength(8)
})
