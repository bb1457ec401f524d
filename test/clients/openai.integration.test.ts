import OpenAI, { AuthenticationError, BadRequestError, NotFoundError, RateLimitError } from "openai"
import { afterAll, describe, expect, test } from "vitest"
import { clientKey, countingFetch, fixedUsage, slowStream, startServed, toolCall } from "./served.ts"

const served = await startServed()
afterAll(() => served[Symbol.asyncDispose]())

const clientOf = (options: ConstructorParameters<typeof OpenAI>[0] = {}) =>
  new OpenAI({ baseURL: `${served.url}/v1`, apiKey: clientKey, ...options })
const client = clientOf()
const messages = [{ role: "user" as const, content: "hello" }]
const chat = { model: "demo-openai", messages }
const narrow = { model: "narrow-openai", messages }
const withHeaders = (headers: Record<string, string>) => ({ headers })

const collected = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

describe("chat completions", () => {
  test("are answered as a whole and as a stream, and a client that did not ask for usage sees none", async () => {
    const whole = await client.chat.completions.create(chat, withHeaders(fixedUsage))
    expect(whole.choices[0]?.message.content).toMatch(/^(\S+ ){3}$/)
    expect(whole.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 3 })
    const chunks = await collected(
      await client.chat.completions.create({ ...chat, stream: true }, withHeaders(fixedUsage)),
    )
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toMatch(/^(\S+ ){3}$/)
    expect(chunks.some((chunk) => chunk.usage)).toBe(false)
  })

  test("call tools, as a whole and as a stream", async () => {
    const tools = [{ type: "function" as const, function: { name: "weather", parameters: {} } }]
    const whole = await client.chat.completions.create({ ...chat, tools }, withHeaders(toolCall))
    expect(whole.choices[0]?.message.tool_calls).toMatchObject([
      { type: "function", function: { name: "weather", arguments: '{"place":"Oslo"}' } },
    ])
    const final = await client.chat.completions
      .stream({ ...chat, tools }, withHeaders(toolCall))
      .finalChatCompletion()
    expect(final.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ function: { arguments: '{"place":"Oslo"}' } }] },
    })
  })

  test("that are left in the middle are left at the provider too", async () => {
    const before = served.provider.stats().aborted
    const stream = await client.chat.completions.create({ ...chat, stream: true }, withHeaders(slowStream))
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
    expect(await served.leftSince(before)).toBe(before + 1)
  })

  test("that break off throw what the upstream said", async () => {
    const broken = await client.chat.completions.create(
      { ...chat, stream: true },
      withHeaders({ "x-sim-fault": "error=2" }),
    )
    await expect(collected(broken)).rejects.toThrow("The server had an error while processing your request.")
    const cut = await client.chat.completions.create(
      { ...chat, stream: true },
      withHeaders({ "x-sim-fault": "cut=2" }),
    )
    await expect(collected(cut)).rejects.toMatchObject({ code: "upstream_error" })
  })
})

describe("responses", () => {
  const ask = { model: "demo-openai", input: "hello" }

  test("are answered as a whole and as a stream, whose end has the usage", async () => {
    const whole = await client.responses.create(ask, withHeaders(fixedUsage))
    expect(whole.output_text).toMatch(/^(\S+ ){3}$/)
    const events = await collected(
      await client.responses.create({ ...ask, stream: true }, withHeaders(fixedUsage)),
    )
    expect(events.at(-1)).toMatchObject({
      type: "response.completed",
      response: { usage: { input_tokens: 11, output_tokens: 3 } },
    })
    expect(events.filter(({ type }) => type === "response.output_text.delta")).toHaveLength(3)
  })

  test("call tools", async () => {
    const tools = [{ type: "function" as const, name: "weather", parameters: {}, strict: false }]
    const final = await client.responses.stream({ ...ask, tools }, withHeaders(toolCall)).finalResponse()
    expect(final.output).toMatchObject([
      { type: "function_call", name: "weather", arguments: '{"place":"Oslo"}' },
    ])
  })

  test("that break off are not taken for whole", async () => {
    const cut = client.responses.stream(ask, withHeaders({ "x-sim-fault": "cut=2" }))
    await expect(cut.finalResponse()).rejects.toThrow("The upstream's answer broke off before its end.")
    await expect(client.responses.create({ ...ask, background: true })).rejects.toBeInstanceOf(
      BadRequestError,
    )
  })
})

test("completions of a text and embeddings are answered", async () => {
  const completion = await client.completions.create(
    { model: "demo-openai", prompt: "Once" },
    withHeaders(fixedUsage),
  )
  expect(completion.choices[0]?.text).toMatch(/^(\S+ ){3}$/)
  const { data, usage } = await client.embeddings.create({ model: "demo-openai", input: ["a", "b"] })
  expect(data.map(({ embedding }) => embedding.length)).toEqual([8, 8])
  expect(usage.prompt_tokens).toBeGreaterThan(0)
})

test("the models are listed", async () => {
  const names = (await collected(client.models.list())).map(({ id }) => id)
  expect(names).toContain("demo-openai")
  expect(await client.models.retrieve("demo-openai")).toMatchObject({ id: "demo-openai" })
})

describe("errors", () => {
  test("have the classes of the SDK and say what is wrong", async () => {
    const call = (model: string, from = client) => from.chat.completions.create({ model, messages })
    await expect(call("no-such-model")).rejects.toBeInstanceOf(NotFoundError)
    await expect(call("no-such-model")).rejects.toMatchObject({ status: 404, code: "model_not_found" })
    await expect(call("demo-openai", clientOf({ apiKey: "wrong" }))).rejects.toBeInstanceOf(
      AuthenticationError,
    )
    await expect(call("")).rejects.toBeInstanceOf(BadRequestError)
    const refused = client.chat.completions.create(chat, withHeaders({ "x-sim-fault": "400" }))
    await expect(refused).rejects.toThrow("400 The request is invalid.")
  })

  test("a local 429 is a rate limit and is not tried again", async () => {
    const { fetch, calls } = countingFetch()
    const take = (signal: AbortSignal) =>
      client.chat.completions.create(narrow, { headers: { "x-sim-service-ms": "60000" }, signal })
    await served.whileTaken(take, async () => {
      const refused = clientOf({ fetch }).chat.completions.create(narrow)
      await expect(refused).rejects.toBeInstanceOf(RateLimitError)
      await expect(refused).rejects.toMatchObject({ status: 429, code: "channel_queue_full" })
    })
    expect(calls()).toBe(1)
  })
})

test("what was answered is metered", async () => {
  const rows = await served.query("usage")
  const openai = rows.find(({ channel }) => channel === "openai")
  expect(openai).toMatchObject({ client: "team", model: "demo-openai" })
  expect(Number(openai?.["outputTokens"])).toBeGreaterThan(15)
})
