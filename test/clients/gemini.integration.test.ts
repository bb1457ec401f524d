import { ApiError, type FunctionDeclaration, GoogleGenAI, type HttpOptions } from "@google/genai"
import { afterAll, describe, expect, test } from "vitest"
import { clientKey, countingFetch, fixedUsage, slowStream, startServed, toolCall } from "./served.ts"

const served = await startServed()
afterAll(() => served[Symbol.asyncDispose]())

const clientOf = (apiKey = clientKey, httpOptions: HttpOptions = {}) =>
  new GoogleGenAI({ apiKey, httpOptions: { baseUrl: served.url, ...httpOptions } })
const client = clientOf()
const question = (headers: Record<string, string> = {}, model = "demo-gemini") => ({
  model,
  contents: "hello",
  config: { httpOptions: { headers } },
})

const collected = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

test("content is generated as a whole and as a stream, and metered", async () => {
  const whole = await client.models.generateContent(question(fixedUsage))
  expect(whole.text).toMatch(/^(\S+ ){3}$/)
  expect(whole.usageMetadata).toMatchObject({ promptTokenCount: 11, candidatesTokenCount: 3 })
  const chunks = await collected(await client.models.generateContentStream(question(fixedUsage)))
  expect(chunks.map(({ text }) => text ?? "").join("")).toMatch(/^(\S+ ){3}$/)
  expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe("STOP")
  expect(await served.query("usage")).toMatchObject([
    { client: "team", channel: "gemini", requests: 2, inputTokens: 22, outputTokens: 6, incomplete: 0 },
  ])
})

test("tools are called, as a whole and as a stream", async () => {
  const asked = question(toolCall)
  const weather: FunctionDeclaration = { name: "weather", parametersJsonSchema: { type: "object" } }
  const withTools = { ...asked, config: { ...asked.config, tools: [{ functionDeclarations: [weather] }] } }
  const called = [{ name: "weather", args: { place: "Oslo" } }]
  expect((await client.models.generateContent(withTools)).functionCalls).toMatchObject(called)
  const chunks = await collected(await client.models.generateContentStream(withTools))
  expect(chunks.flatMap(({ functionCalls }) => functionCalls ?? [])).toMatchObject(called)
})

test("a stream that is left in the middle is left at the provider too", async () => {
  const before = served.provider.stats().aborted
  const leaving = new AbortController()
  const asked = question(slowStream)
  const stream = await client.models.generateContentStream({
    ...asked,
    config: { ...asked.config, abortSignal: leaving.signal },
  })
  const reading = (async () => {
    for await (const chunk of stream) if (chunk.text !== undefined) leaving.abort()
  })()
  await expect(reading).rejects.toThrow(/abort/i)
  expect(await served.leftSince(before)).toBe(before + 1)
})

test("a stream that breaks off is not taken for whole", async () => {
  const stream = await client.models.generateContentStream(question({ "x-sim-fault": "cut=2" }))
  await expect(collected(stream)).rejects.toThrow("The upstream's answer broke off before its end.")
})

test("the models are listed", async () => {
  const names = (await collected(await client.models.list())).map(({ name }) => name)
  expect(names).toContain("models/demo-gemini")
  expect(await client.models.get({ model: "demo-gemini" })).toMatchObject({ name: "models/demo-gemini" })
})

describe("errors", () => {
  test("have the class and the status of the SDK and say what is wrong", async () => {
    const missing = client.models.generateContent(question({}, "no-such-model"))
    await expect(missing).rejects.toBeInstanceOf(ApiError)
    await expect(missing).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining("model_not_found"),
    })
    const stranger = clientOf("wrong").models.generateContent(question())
    await expect(stranger).rejects.toMatchObject({
      status: 401,
      message: expect.stringContaining("invalid_client_key"),
    })
    const refused = client.models.generateContent(question({ "x-sim-fault": "400" }))
    await expect(refused).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("INVALID_ARGUMENT"),
    })
  })

  test.each([
    { retryOptions: {}, tries: 1, what: "is not tried again unless the client is told to" },
    {
      retryOptions: { retryOptions: { attempts: 3, initialDelay: 0.01 } },
      tries: 3,
      what: "is tried again where it is",
    },
  ])("a local 429 $what", async ({ retryOptions, tries }) => {
    const { fetch, calls } = countingFetch()
    const take = (signal: AbortSignal) => {
      const asked = question({ "x-sim-service-ms": "60000" }, "narrow-gemini")
      return client.models.generateContent({ ...asked, config: { ...asked.config, abortSignal: signal } })
    }
    await served.whileTaken(take, async () => {
      const from = clientOf(clientKey, { fetch, ...retryOptions })
      const refused = from.models.generateContent({ model: "narrow-gemini", contents: "hello" })
      await expect(refused).rejects.toMatchObject({ status: 429 })
    })
    expect(calls()).toBe(tries)
  })
})

test("a client that names a version of the API is served too", async () => {
  const beta = clientOf(clientKey, { apiVersion: "v1beta" })
  expect((await beta.models.generateContent(question(fixedUsage))).text).toMatch(/^(\S+ ){3}$/)
})
