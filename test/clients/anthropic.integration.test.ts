import Anthropic, {
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  RateLimitError,
} from "@anthropic-ai/sdk"
import { afterAll, describe, expect, test } from "vitest"
import { clientKey, countingFetch, fixedUsage, slowStream, startServed, toolCall } from "./served.ts"

const served = await startServed()
afterAll(() => served[Symbol.asyncDispose]())

const clientOf = (options: ConstructorParameters<typeof Anthropic>[0] = {}) =>
  new Anthropic({ baseURL: served.url, apiKey: clientKey, ...options })
const client = clientOf()
const messages = [{ role: "user" as const, content: "hello" }]
const question = { model: "demo-anthropic", max_tokens: 100, messages }
const withHeaders = (headers: Record<string, string>) => ({ headers })

test("a message is answered as a whole and as a stream", async () => {
  const whole = await client.messages.create(question, withHeaders(fixedUsage))
  expect(whole.content).toMatchObject([{ type: "text", text: expect.stringMatching(/^(\S+ ){3}$/) }])
  const stream = client.messages.stream(question, withHeaders(fixedUsage))
  const final = await stream.finalMessage()
  expect(final.usage).toMatchObject({ input_tokens: 11, output_tokens: 3 })
  expect(final.stop_reason).toBe("end_turn")
})

test("tools are called, as a whole and as a stream", async () => {
  const tools = [{ name: "weather", input_schema: { type: "object" as const } }]
  const called = [{ type: "tool_use", name: "weather", input: { place: "Oslo" } }]
  const whole = await client.messages.create({ ...question, tools }, withHeaders(toolCall))
  expect(whole).toMatchObject({ stop_reason: "tool_use", content: called })
  const final = await client.messages.stream({ ...question, tools }, withHeaders(toolCall)).finalMessage()
  expect(final.content).toMatchObject(called)
})

test("a stream that is left in the middle is left at the provider too", async () => {
  const before = served.provider.stats().aborted
  const stream = client.messages.stream(question, withHeaders(slowStream))
  for await (const event of stream) if (event.type === "content_block_delta") break
  expect(await served.leftSince(before)).toBe(before + 1)
})

test("a stream that breaks off is not taken for whole", async () => {
  const cut = client.messages.stream(question, withHeaders({ "x-sim-fault": "cut=2" }))
  await expect(cut.finalMessage()).rejects.toThrow("The upstream's answer broke off before its end.")
})

test("tokens are counted, and the count is metered as nothing used", async () => {
  const counted = await client.messages.countTokens(
    { model: "narrow-anthropic", messages },
    withHeaders({ "x-sim-input-tokens": "42" }),
  )
  expect(counted).toEqual({ input_tokens: 42 })
  const rows = await served.query("usage")
  expect(rows.find(({ channel }) => channel === "anthropic-narrow")).toMatchObject({
    requests: 1,
    inputTokens: 0,
    outputTokens: 0,
    unpriced: 0,
    incomplete: 0,
  })
})

test("the models are listed", async () => {
  const { data } = await client.models.list()
  expect(data.map(({ id }) => id)).toContain("demo-anthropic")
})

describe("errors", () => {
  test("have the classes of the SDK and say what is wrong", async () => {
    const call = (model: string, from = client) => from.messages.create({ ...question, model })
    await expect(call("no-such-model")).rejects.toBeInstanceOf(NotFoundError)
    await expect(call("no-such-model")).rejects.toMatchObject({
      status: 404,
      error: { type: "error", error: { type: "not_found_error", code: "model_not_found" } },
    })
    await expect(call("demo-anthropic", clientOf({ apiKey: "wrong" }))).rejects.toBeInstanceOf(
      AuthenticationError,
    )
    await expect(call("")).rejects.toBeInstanceOf(BadRequestError)
    const refused = client.messages.create(question, withHeaders({ "x-sim-fault": "400" }))
    await expect(refused).rejects.toThrow("The request is invalid.")
  })

  test("a local 429 is a rate limit and is not tried again", async () => {
    const narrow = { ...question, model: "narrow-anthropic" }
    const { fetch, calls } = countingFetch()
    const take = (signal: AbortSignal) =>
      client.messages.create(narrow, { headers: { "x-sim-service-ms": "60000" }, signal })
    await served.whileTaken(take, async () => {
      const refused = clientOf({ fetch }).messages.create(narrow)
      await expect(refused).rejects.toBeInstanceOf(RateLimitError)
      await expect(refused).rejects.toMatchObject({ error: { error: { code: "channel_queue_full" } } })
    })
    expect(calls()).toBe(1)
  })
})
