import { connect } from "node:net"
import { expect, test, vi } from "vitest"
import { askAnthropic, askOpenai, readAnswer, readEvents } from "./call-provider.ts"
import { startSimulatedProvider, type SimulatedProvider } from "./provider.ts"

async function timeMs(run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await run()
  return performance.now() - startMs
}

async function answersOf(seed: number): Promise<unknown[]> {
  await using provider = await startSimulatedProvider({ seed, firstTokenMs: 0, tokensPerSecond: 1_000_000 })
  const answers: unknown[] = []
  for (const stream of [false, true, false]) {
    const { text, headers } = await readAnswer(askOpenai(provider.url, {}, { stream }))
    answers.push([headers.get("x-request-id"), text.replace(/"created":\d+/g, "")])
  }
  return answers
}

test("the same seed gives the same answers in the same order, another seed others", async () => {
  const [first, again, other] = [await answersOf(1), await answersOf(1), await answersOf(2)]
  expect(again).toEqual(first)
  expect(other).not.toEqual(first)
})

test("two tries of one x-sim-key get the same text and usage under different ids", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const ask = async () => {
    const { text } = await readAnswer(askAnthropic(provider.url, { "x-sim-key": "r-1" }))
    const { id, ...rest } = JSON.parse(text)
    return { id, rest }
  }
  const [first, second] = [await ask(), await ask()]
  expect(second.rest).toEqual(first.rest)
  expect(second.id).not.toBe(first.id)
})

test("an answer takes the time that was asked for, divided by the speed", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 300 })
  const fromSettingMs = await timeMs(() => readAnswer(askOpenai(provider.url)))
  expect(fromSettingMs).toBeGreaterThanOrEqual(299)
  expect(fromSettingMs).toBeLessThan(5000)
  provider.configure({ speed: 100 })
  const headers = { "x-sim-service-ms": "20000" }
  for (const stream of [false, true]) {
    const fromHeaderMs = await timeMs(() => readAnswer(askOpenai(provider.url, headers, { stream })))
    expect(fromHeaderMs).toBeGreaterThanOrEqual(199)
    expect(fromHeaderMs).toBeLessThan(5000)
  }
})

test("without a fixed time an answer takes the first token's time and then the pace", async () => {
  await using provider = await startSimulatedProvider({ firstTokenMs: 100, tokensPerSecond: 100, jitter: 0 })
  for (const stream of [false, true]) {
    const tookMs = await timeMs(() =>
      readAnswer(askOpenai(provider.url, { "x-sim-output-tokens": "21" }, { stream })),
    )
    expect(tookMs).toBeGreaterThanOrEqual(299)
    expect(tookMs).toBeLessThan(5000)
  }
})

test("no chunk of a stream comes before its time, and each in its turn", async () => {
  await using provider = await startSimulatedProvider()
  const startMs = performance.now()
  const headers = { "x-sim-ttft-ms": "100", "x-sim-chunks": "5", "x-sim-chunk-gap-ms": "60" }
  const response = await askOpenai(provider.url, headers, { stream: true })
  const arrivalsMs: number[] = []
  let reads = 0
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const chunks = readEvents(text).filter(({ data }) => /"content":"\w/.test(data))
    arrivalsMs.push(...chunks.map(() => performance.now() - startMs))
    reads += 1
  }
  expect(arrivalsMs).toHaveLength(5)
  arrivalsMs.forEach((atMs, chunk) => expect(atMs).toBeGreaterThanOrEqual(99 + 60 * chunk))
  expect(reads).toBeGreaterThan(1)
})

test("a pace beyond the timers is kept by sending several chunks at once", async () => {
  await using provider = await startSimulatedProvider({
    firstTokenMs: 0,
    tokensPerSecond: 100,
    speed: 100,
    jitter: 0,
  })
  const started = performance.now()
  const { text } = await readAnswer(
    askOpenai(provider.url, { "x-sim-output-tokens": "5000" }, { stream: true }),
  )
  const tookMs = performance.now() - started
  expect(readEvents(text)).toHaveLength(5003)
  expect(tookMs).toBeGreaterThanOrEqual(490)
  expect(tookMs).toBeLessThan(5000)
})

test("the text of a stream is the text of the whole answer, however it is cut into chunks", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const textOf = async (chunks: string) => {
    const headers = { "x-sim-key": "same", "x-sim-output-tokens": "9000", "x-sim-chunks": chunks }
    const { text } = await readAnswer(askAnthropic(provider.url, headers, { stream: true }))
    return readEvents(text)
      .map(({ data }) => JSON.parse(data).delta?.text ?? "")
      .join("")
  }
  const whole = await readAnswer(
    askAnthropic(provider.url, { "x-sim-key": "same", "x-sim-output-tokens": "9000" }),
  )
  const expected: unknown = JSON.parse(whole.text).content[0].text
  expect([await textOf("1"), await textOf("7"), await textOf("9000")]).toEqual([expected, expected, expected])
})

test("a client that leaves frees its slot at once, or as late as abortHoldMs says", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 60_000, concurrencyLimit: 1 })
  const leaveOne = async () => {
    const leave = new AbortController()
    const asked = askOpenai(provider.url, {}, {}, leave.signal)
    await vi.waitFor(() => expect(provider.stats().inFlight).toBe(1))
    leave.abort()
    await expect(asked).rejects.toThrow("abort")
  }
  await leaveOne()
  await vi.waitFor(() => expect(provider.stats()).toMatchObject({ inFlight: 0, aborted: 1, completed: 0 }))
  provider.configure({ abortHoldMs: 300 })
  await leaveOne()
  await vi.waitFor(() => expect(provider.stats().aborted).toBe(2))
  expect(provider.stats().inFlight).toBe(1)
  await vi.waitFor(() => expect(provider.stats().inFlight).toBe(0), 5_000)
})

test("for a client that does not read, no more of the stream is made than the connection takes", async () => {
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const before = process.memoryUsage().rss
  const socket = await streamWithoutReading(provider, 2_000_000)
  for (let round = 0; round < 20; round += 1) await readAnswer(fetch(`${provider.url}/v1/models`))
  expect(provider.stats()).toMatchObject({ inFlight: 1, completed: 0 })
  expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
  socket.destroy()
  await vi.waitFor(() => expect(provider.stats()).toMatchObject({ inFlight: 0, aborted: 1 }))
})

async function streamWithoutReading(provider: SimulatedProvider, tokens: number) {
  const socket = connect(provider.port, "127.0.0.1")
  const body = JSON.stringify({ model: "demo-gpt", stream: true, messages: [] })
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\nx-sim-output-tokens: ${tokens}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await new Promise((resolve) => socket.once("readable", resolve))
  return socket
}

test("a thousand streams run side by side and all of them end", async () => {
  await using provider = await startSimulatedProvider({ speed: 20, tokensPerSecond: 50 })
  const headers = { "x-sim-output-tokens": "40" }
  const answers = await Promise.all(
    Array.from({ length: 1000 }, () => readAnswer(askAnthropic(provider.url, headers, { stream: true }))),
  )
  expect(answers.every(({ text }) => text.endsWith('data: {"type":"message_stop"}\n\n'))).toBe(true)
  expect(provider.stats()).toMatchObject({ inFlight: 0, completed: 1000 })
})
