import { expect, test, vi } from "vitest"
import { askAnthropic, askOpenai, readAnswer } from "./call-provider.ts"
import { startSimulatedProvider } from "./provider.ts"
import { advanceGauge, readGauge, takeFromGauge, waitForGauge, type RateGauge } from "./rate-gauge.ts"

function countStatuses(answers: readonly { status: number }[]): Record<number, number> {
  return answers.reduce<Record<number, number>>(
    (counts, { status }) => ({ ...counts, [status]: (counts[status] ?? 0) + 1 }),
    {},
  )
}

test("of 50 requests at once exactly the hidden limit is in flight, and the others get a 429", async () => {
  await using provider = await startSimulatedProvider({ concurrencyLimit: 7, serviceMs: 300 })
  const answers = await Promise.all(Array.from({ length: 50 }, () => readAnswer(askOpenai(provider.url))))
  expect(countStatuses(answers)).toEqual({ 200: 7, 429: 43 })
  expect(provider.stats()).toMatchObject({
    limit: 7,
    inFlight: 0,
    peakInFlight: 7,
    requests: 50,
    completed: 7,
    rejected: { concurrency: 43 },
    statuses: { 200: 7, 429: 43 },
    byCredential: { "sk-test": { inFlight: 0, peak: 7, requests: 50 } },
  })
  expect(provider.stats().peakOffered).toBeGreaterThan(7)
})

test("50 requests that wait for each other under the limit are all served, and the peak is the limit", async () => {
  await using provider = await startSimulatedProvider({ concurrencyLimit: 5, serviceMs: 5 })
  const queue = Array.from({ length: 50 }, (_, at) => String(at))
  const worker = async () => {
    while (queue.pop() !== undefined) await readAnswer(askOpenai(provider.url))
  }
  await Promise.all(Array.from({ length: 5 }, worker))
  expect(provider.stats()).toMatchObject({ peakInFlight: 5, completed: 50, statuses: { 200: 50 } })
})

test("the limit is one credential's, and streams count until their last byte", async () => {
  await using provider = await startSimulatedProvider({ concurrencyLimit: 1 })
  const held = { "x-sim-service-ms": "60000", "x-sim-ttft-ms": "0", "x-sim-chunks": "2" }
  const stream = await askOpenai(provider.url, held, { stream: true })
  const refused = await readAnswer(askOpenai(provider.url, { "x-sim-service-ms": "0" }))
  const other = await readAnswer(
    askOpenai(provider.url, { authorization: "Bearer sk-other", "x-sim-service-ms": "0" }),
  )
  expect([stream.status, refused.status, other.status]).toEqual([200, 429, 200])
  await stream.body?.cancel()
  await vi.waitFor(() => expect(provider.stats()).toMatchObject({ inFlight: 0, aborted: 1 }), 5_000)
  expect((await readAnswer(askOpenai(provider.url, { "x-sim-service-ms": "0" }))).status).toBe(200)
})

test("each provider words its concurrency 429 in its own way, without retry-after and with requests left", async () => {
  await using provider = await startSimulatedProvider()
  const openai = await readAnswer(askOpenai(provider.url, { "x-sim-fault": "429-concurrency" }))
  expect(JSON.parse(openai.text)).toEqual({
    error: {
      message: expect.stringContaining("concurrent requests"),
      type: "rate_limit_error",
      param: null,
      code: "rate_limit_exceeded",
    },
  })
  expect(openai.headers.get("x-ratelimit-remaining-requests")).toBe("9999")
  const anthropic = await readAnswer(askAnthropic(provider.url, { "x-sim-fault": "429-concurrency" }))
  expect(JSON.parse(anthropic.text)).toMatchObject({
    type: "error",
    error: { type: "rate_limit_error", message: expect.stringContaining("concurrent connections") },
  })
  expect([openai.headers.get("retry-after"), anthropic.headers.get("retry-after")]).toEqual([null, null])
})

test("OpenAI's headers count the requests and tokens of the minute down, and the 429 says when to try again", async () => {
  await using provider = await startSimulatedProvider({ rpm: 2, tpm: 1000, serviceMs: 0 })
  const ask = () =>
    readAnswer(askOpenai(provider.url, { "x-sim-input-tokens": "100", "x-sim-output-tokens": "20" }))
  const [first, second, third] = [await ask(), await ask(), await ask()]
  const seen = [first, second].map(({ headers }) => [
    headers.get("x-ratelimit-limit-requests"),
    headers.get("x-ratelimit-remaining-requests"),
    headers.get("x-ratelimit-limit-tokens"),
  ])
  expect(seen).toEqual([
    ["2", "1", "1000"],
    ["2", "0", "1000"],
  ])
  expect(first.headers.get("x-ratelimit-remaining-tokens")).toBe("880")
  expect(first.headers.get("x-ratelimit-reset-requests")).toMatch(/^(30|29\.\d+)s$/)
  expect(third.status).toBe(429)
  expect(third.headers.get("x-ratelimit-reset-requests")).toMatch(/^(1m0s|5\d\.?\d*s)$/)
  expect(Number(third.headers.get("retry-after"))).toBeGreaterThanOrEqual(28)
  expect(Number(third.headers.get("retry-after"))).toBeLessThanOrEqual(30)
  expect(JSON.parse(third.text)).toMatchObject({
    error: {
      type: "requests",
      code: "rate_limit_exceeded",
      message: expect.stringContaining("requests per min (RPM): Limit 2, Used 2, Requested 1"),
    },
  })
  expect(provider.stats().rejected).toEqual({ concurrency: 0, requests: 1, tokens: 0, credential: 0 })
})

test("Anthropic's headers tell the same with instants, for requests, tokens, input tokens and output tokens", async () => {
  await using provider = await startSimulatedProvider({ rpm: 60, tpm: 500, serviceMs: 0 })
  const ask = () =>
    readAnswer(askAnthropic(provider.url, { "x-sim-input-tokens": "380", "x-sim-output-tokens": "20" }))
  const [first, second] = [await ask(), await ask()]
  expect(first.status).toBe(200)
  const header = (name: string) => first.headers.get(`anthropic-ratelimit-${name}`)
  expect([header("requests-limit"), header("requests-remaining")]).toEqual(["60", "59"])
  for (const kind of ["tokens", "input-tokens", "output-tokens"]) {
    expect([header(`${kind}-limit`), header(`${kind}-remaining`)]).toEqual(["500", "100"])
    expect(header(`${kind}-reset`)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  }
  const resetInMs = Date.parse(header("tokens-reset") ?? "") - Date.now()
  expect(resetInMs).toBeGreaterThan(40_000)
  expect(resetInMs).toBeLessThan(49_100)
  expect([second.status, JSON.parse(second.text)]).toMatchObject([
    429,
    { type: "error", error: { type: "rate_limit_error" } },
  ])
  expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(30)
  expect(provider.stats()).toMatchObject({ inFlight: 0, rejected: { tokens: 1 } })
})

test("a speed of 60 brings the next request of a 1-a-minute limit within a second", async () => {
  await using provider = await startSimulatedProvider({ rpm: 1, speed: 60, serviceMs: 0 })
  await readAnswer(askOpenai(provider.url))
  const refused = await readAnswer(askOpenai(provider.url))
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"])
  await vi.waitFor(async () => expect((await readAnswer(askOpenai(provider.url))).status).toBe(200), {
    timeout: 5_000,
  })
})

test("a bucket refills evenly and a minute begins anew", () => {
  const bucket: RateGauge = { used: 0, atMs: 0 }
  const rule = { perMinute: 60, window: "bucket" } as const
  expect(Array.from({ length: 61 }, () => takeFromGauge(bucket, rule, 1)).filter(Boolean)).toHaveLength(60)
  expect([waitForGauge(bucket, rule, 1), readGauge(bucket, rule)]).toEqual([
    1000,
    { limit: 60, remaining: 0, resetMs: 60_000 },
  ])
  advanceGauge(bucket, rule, 1000)
  expect([takeFromGauge(bucket, rule, 1), takeFromGauge(bucket, rule, 1)]).toEqual([true, false])

  const minute: RateGauge = { used: 0, atMs: 119_000 }
  const strict = { perMinute: 1, window: "minute" } as const
  expect([
    takeFromGauge(minute, strict, 1),
    takeFromGauge(minute, strict, 1),
    waitForGauge(minute, strict, 1),
  ]).toEqual([true, false, 1000])
  advanceGauge(minute, strict, 120_000)
  expect(takeFromGauge(minute, strict, 1)).toBe(true)
})

test("a request for more tokens than the whole limit is let through when nothing else was used", () => {
  const gauge: RateGauge = { used: 0, atMs: 0 }
  const rule = { perMinute: 100, window: "bucket" } as const
  expect([takeFromGauge(gauge, rule, 250), takeFromGauge(gauge, rule, 1)]).toEqual([true, false])
  expect(waitForGauge(gauge, rule, 1)).toBe(90_600)
})

test("credentials that the provider does not know get a 401, whichever header brings them", async () => {
  await using provider = await startSimulatedProvider({
    credentials: ["sk-test", "sk-ant-test"],
    serviceMs: 0,
  })
  const known = await Promise.all([
    readAnswer(askOpenai(provider.url)),
    readAnswer(askAnthropic(provider.url)),
  ])
  expect(known.map(({ status }) => status)).toEqual([200, 200])
  const openai = await readAnswer(askOpenai(provider.url, { authorization: "Bearer sk-nobody" }))
  expect([openai.status, JSON.parse(openai.text)]).toMatchObject([
    401,
    { error: { code: "invalid_api_key" } },
  ])
  const anthropic = await readAnswer(askAnthropic(provider.url, { "x-api-key": "sk-nobody" }))
  expect([anthropic.status, JSON.parse(anthropic.text)]).toMatchObject([
    401,
    { error: { type: "authentication_error" } },
  ])
})

test("POST /__config moves the hidden limit while requests run, and refuses what makes no sense", async () => {
  await using provider = await startSimulatedProvider({ concurrencyLimit: 1, serviceMs: 60_000 })
  const configure = (change: unknown) =>
    readAnswer(fetch(`${provider.url}/__config`, { method: "POST", body: JSON.stringify(change) }))
  const leave = new AbortController()
  const first = askOpenai(provider.url, {}, {}, leave.signal)
  await vi.waitFor(() => expect(provider.stats().inFlight).toBe(1))
  expect((await configure({ concurrencyLimit: 2, serviceMs: 0 })).status).toBe(200)
  expect((await readAnswer(askOpenai(provider.url))).status).toBe(200)
  for (const [change, named] of [
    [{ concurrencyLimit: -1 }, "concurrencyLimit"],
    [{ speed: 0 }, "speed"],
    [{ unheard: 1 }, "unheard"],
    ["{", "object"],
  ] as const) {
    const refused = await configure(change)
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining(named)])
  }
  expect(provider.stats()).toMatchObject({ limit: 2, inFlight: 1, peakInFlight: 2 })
  leave.abort()
  await expect(first).rejects.toThrow("abort")
})

test("POST /__stats/reset sets counts to 0 and the peak to what is in flight", async () => {
  await using provider = await startSimulatedProvider()
  const leave = new AbortController()
  const long = askOpenai(provider.url, { "x-sim-service-ms": "60000" }, {}, leave.signal)
  await Promise.all([1, 2, 3].map(() => readAnswer(askOpenai(provider.url, { "x-sim-service-ms": "20" }))))
  await vi.waitFor(() => expect(provider.stats()).toMatchObject({ inFlight: 1, requests: 4, completed: 3 }))
  const after = await readAnswer(fetch(`${provider.url}/__stats/reset`, { method: "POST" }))
  expect(JSON.parse(after.text)).toMatchObject({
    inFlight: 1,
    peakInFlight: 1,
    requests: 0,
    completed: 0,
    statuses: {},
    byCredential: { "sk-test": { inFlight: 1, peak: 1, requests: 0 } },
  })
  leave.abort()
  await expect(long).rejects.toThrow("abort")
  await vi.waitFor(() => expect(provider.stats()).toMatchObject({ inFlight: 0, aborted: 1 }))
})
