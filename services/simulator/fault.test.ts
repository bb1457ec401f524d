import { expect, test, vi } from "vitest"
import { askAnthropic, askOpenai, readAnswer, readEvents } from "./call-provider.ts"
import { startSimulatedProvider } from "./provider.ts"

test.each([
  ["429", 429, "rate_limit_exceeded", "rate_limit_error"],
  ["529", 529, "overloaded", "overloaded_error"],
  ["503", 503, null, "overloaded_error"],
  ["500", 500, null, "api_error"],
  ["400", 400, null, "invalid_request_error"],
  ["401", 401, "invalid_api_key", "authentication_error"],
  ["402", 402, "insufficient_quota", "billing_error"],
  ["403", 403, "permission_denied", "permission_error"],
  ["404", 404, "model_not_found", "not_found_error"],
  ["413", 413, null, "request_too_large"],
])(
  "fault %s has the status, the shape and the code of each provider, and no retry-after",
  async (fault, status, code, type) => {
    await using provider = await startSimulatedProvider({ serviceMs: 0 })
    const openai = await readAnswer(askOpenai(provider.url, { "x-sim-fault": fault }))
    expect(openai.status).toBe(status)
    expect(JSON.parse(openai.text)).toEqual({
      error: { message: expect.any(String), type: expect.any(String), param: null, code },
    })
    const anthropic = await readAnswer(askAnthropic(provider.url, { "x-sim-fault": fault }))
    expect(anthropic.status).toBe(status)
    expect(JSON.parse(anthropic.text)).toEqual({
      type: "error",
      error: { type, message: expect.any(String) },
      request_id: anthropic.headers.get("request-id"),
    })
    expect([openai.headers.get("retry-after"), anthropic.headers.get("retry-after")]).toEqual([null, null])
    expect(provider.stats()).toMatchObject({ inFlight: 0, completed: 0, statuses: { [status]: 2 } })
  },
)

test("a 429 can carry any retry-after, and a requests or tokens 429 the headers of an empty bucket", async () => {
  await using provider = await startSimulatedProvider({ rpm: 500 })
  const timed = await readAnswer(askOpenai(provider.url, { "x-sim-fault": "429-retry-after=2" }))
  expect([timed.status, timed.headers.get("retry-after")]).toEqual([429, "2"])
  const dated = await readAnswer(
    askOpenai(provider.url, { "x-sim-fault": "429-retry-after=Fri, 20 Nov 2026 10:00:00 GMT" }),
  )
  expect(dated.headers.get("retry-after")).toBe("Fri, 20 Nov 2026 10:00:00 GMT")
  const requests = await readAnswer(askOpenai(provider.url, { "x-sim-fault": "429-requests" }))
  const header = (name: string) => requests.headers.get(name)
  expect([
    header("x-ratelimit-limit-requests"),
    header("x-ratelimit-remaining-requests"),
    header("x-ratelimit-reset-requests"),
  ]).toEqual(["500", "0", "6s"])
  expect(header("retry-after")).toBe("6")
  const tokens = await readAnswer(askAnthropic(provider.url, { "x-sim-fault": "429-tokens" }))
  expect([tokens.status, tokens.headers.get("anthropic-ratelimit-tokens-remaining")]).toEqual([429, "0"])
})

test.each([502, 504])("fault %i is the page of a gateway, not the provider's JSON", async (status) => {
  await using provider = await startSimulatedProvider()
  const answer = await readAnswer(askOpenai(provider.url, { "x-sim-fault": String(status) }))
  expect([answer.status, answer.headers.get("content-type")]).toEqual([status, "text/html"])
  expect(answer.text).toContain(`<title>${status} `)
})

test("a cut stream breaks off after the chunks it was given and never looks complete", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const response = await askOpenai(
    provider.url,
    { "x-sim-fault": "cut=3", "x-sim-chunks": "9" },
    { stream: true },
  )
  const seen: string[] = []
  const read = async () => {
    const decoder = new TextDecoder()
    for await (const bytes of response.body ?? []) seen.push(decoder.decode(bytes))
  }
  await expect(read()).rejects.toThrow("terminated")
  const events = readEvents(seen.join(""))
  expect(events.filter(({ data }) => /"content":"\w/.test(data))).toHaveLength(3)
  expect(events.at(-1)?.data).not.toBe("[DONE]")
  await vi.waitFor(() =>
    expect(provider.stats()).toMatchObject({ inFlight: 0, completed: 0, broken: 1, faults: { cut: 1 } }),
  )
})

test("a cut answer that is not streamed breaks off within its body", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const response = await askAnthropic(provider.url, { "x-sim-fault": "cut" })
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow("terminated")
})

test("a stalled stream sends half and then nothing, and holds its slot until the client closes", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const response = await askAnthropic(
    provider.url,
    { "x-sim-fault": "stall", "x-sim-chunks": "4" },
    { stream: true },
  )
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const first = await reader?.read()
  const events = readEvents(first?.value ?? "")
  expect(events.map(({ event }) => event).slice(-2)).toEqual(["content_block_delta", "content_block_delta"])
  expect(events.filter(({ event }) => event === "content_block_delta")).toHaveLength(2)
  const silence = await Promise.race([
    reader?.read().then(() => "bytes"),
    readAnswer(askOpenai(provider.url, { "x-sim-service-ms": "200" })).then(() => "silence"),
  ])
  expect(silence).toBe("silence")
  expect(provider.stats().inFlight).toBe(1)
  await reader?.cancel()
  await vi.waitFor(() => expect(provider.stats()).toMatchObject({ inFlight: 0, broken: 1, aborted: 0 }))
})

test("an error in the stream is an event of the protocol in place of the end", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const headers = { "x-sim-fault": "error=1", "x-sim-chunks": "4" }
  const anthropic = readEvents((await readAnswer(askAnthropic(provider.url, headers, { stream: true }))).text)
  expect(anthropic.at(-1)).toMatchObject({
    event: "error",
    data: expect.stringContaining("overloaded_error"),
  })
  const openai = readEvents((await readAnswer(askOpenai(provider.url, headers, { stream: true }))).text)
  expect(openai.at(-1)?.data).toContain('"error":{')
  expect(provider.stats()).toMatchObject({ completed: 0, broken: 2 })
})

test("a reset connection gives no answer at all", async () => {
  await using provider = await startSimulatedProvider()
  await expect(askOpenai(provider.url, { "x-sim-fault": "reset" })).rejects.toMatchObject({
    cause: { code: "ECONNRESET" },
  })
  await vi.waitFor(() => expect(provider.stats()).toMatchObject({ inFlight: 0, broken: 1, statuses: {} }))
})

test("a hanging request gets no header until its client gives up", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const leave = new AbortController()
  const hanging = askOpenai(provider.url, { "x-sim-fault": "hang" }, {}, leave.signal)
  const winner = await Promise.race([
    hanging.then(() => "answer"),
    readAnswer(askOpenai(provider.url, { "x-sim-service-ms": "200" })).then(() => "nothing"),
  ])
  expect([winner, provider.stats().inFlight]).toEqual(["nothing", 1])
  leave.abort()
  await expect(hanging).rejects.toThrow("abort")
  await vi.waitFor(() => expect(provider.stats()).toMatchObject({ inFlight: 0, broken: 1 }))
})

test("not-json is a success that no parser takes, and no-usage one without figures", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const page = await readAnswer(askOpenai(provider.url, { "x-sim-fault": "not-json" }))
  expect(page.status).toBe(200)
  expect(() => JSON.parse(page.text)).toThrow(SyntaxError)
  const asked = { stream: true, stream_options: { include_usage: true } }
  const whole = await readAnswer(askOpenai(provider.url, { "x-sim-fault": "no-usage" }))
  const stream = await readAnswer(askOpenai(provider.url, { "x-sim-fault": "no-usage" }, asked))
  const messages = await readAnswer(
    askAnthropic(provider.url, { "x-sim-fault": "no-usage" }, { stream: true }),
  )
  for (const { status, text } of [whole, stream, messages])
    expect([status, text.includes("usage")]).toEqual([200, false])
})

test("no-stream-options refuses only the requests that have them", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const headers = { "x-sim-fault": "no-stream-options" }
  const refused = await readAnswer(
    askOpenai(provider.url, headers, { stream: true, stream_options: { include_usage: true } }),
  )
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
    400,
    { error: { param: "stream_options" } },
  ])
  expect((await readAnswer(askOpenai(provider.url, headers, { stream: true }))).status).toBe(200)
})

test("x-sim-fault-times fails the first tries of each key and serves the next", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const ask = async (key: string) =>
    (
      await readAnswer(
        askOpenai(provider.url, { "x-sim-fault": "500", "x-sim-fault-times": "2", "x-sim-key": key }),
      )
    ).status
  expect([
    await ask("a"),
    await ask("a"),
    await ask("b"),
    await ask("a"),
    await ask("b"),
    await ask("b"),
  ]).toEqual([500, 500, 500, 200, 500, 200])
})

test.each([
  [{ "x-sim-fault": "429-typo" }, "429-typo"],
  [{ "x-sim-fault": "cut=soon" }, "cut=soon"],
  [{ "x-sim-fault": "constructor" }, "constructor"],
  [{ "x-sim-output-tokens": "many" }, "x-sim-output-tokens"],
  [{ "x-sim-chunks": "1.5" }, "x-sim-chunks"],
  [{ "x-sim-service-ms": "-1" }, "x-sim-service-ms"],
])("a control header that makes no sense is told: %j", async (headers, named) => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const answer = await readAnswer(askOpenai(provider.url, headers))
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(named)])
})
