import { setTimeout as pause } from "node:timers/promises"
import type { Protocol } from "@sluice/events/field.ts"
import { Agent, type Dispatcher } from "undici"
import type { RecordedRequest } from "./read-trace.ts"
import { serviceTime } from "./service-time.ts"

/** How a trace is played. */
export interface PlayOptions {
  readonly url: string
  readonly protocol: Protocol
  readonly model: string
  /** Arrivals and the provider's times are divided by this. */
  readonly speed: number
  /** The part of the requests that ask for a stream, 0…1. */
  readonly streaming: number
  readonly signal: AbortSignal
  readonly onProgress: (tally: Tally) => void
}

/** What the caller has seen so far. */
export interface Tally {
  sent: number
  /** Answered to the end, whatever the status. */
  answered: number
  /** Not answered, or cut. */
  failed: number
}

const progressEveryMs = 100
/** The caller waits for everything: an answer is only given up when the proxy would have done so long ago. */
const patienceMs = 15 * 60_000
const paths = {
  openai: "/v1/chat/completions",
  anthropic: "/v1/messages",
  gemini: "/v1beta/models/{model}:generateContent",
} as const

/**
 * Plays a trace open loop: each request is sent at its time, whatever became of the others, on as many connections as that takes, and is never sent again.
 *
 * Fails: rejects with the signal's reason when it is aborted.
 */
export const play = async (trace: ReadonlyArray<RecordedRequest>, options: PlayOptions): Promise<Tally> => {
  const { speed, signal } = options
  const tally: Tally = { sent: 0, answered: 0, failed: 0 }
  const agent = new Agent({
    connections: null,
    pipelining: 1,
    headersTimeout: patienceMs,
    bodyTimeout: patienceMs,
    connect: { timeout: patienceMs },
  })
  const ticker = setInterval(() => options.onProgress(tally), progressEveryMs)
  try {
    const answers: Array<Promise<void>> = []
    const startedAt = performance.now()
    for (const [index, request] of trace.entries()) {
      const earlyMs = startedAt + request.offsetMs / speed - performance.now()
      if (earlyMs > 1) await pause(earlyMs, undefined, { signal })
      tally.sent += 1
      answers.push(send(agent, requestOptions(request, index, options), tally))
    }
    await Promise.race([Promise.all(answers), aborted(signal)])
    options.onProgress(tally)
    return tally
  } finally {
    clearInterval(ticker)
    await agent.destroy()
  }
}

const send = async (agent: Agent, options: Dispatcher.RequestOptions, tally: Tally): Promise<void> => {
  try {
    const { body } = await agent.request(options)
    for await (const chunk of body) void chunk
    tally.answered += 1
  } catch {
    // Refused connections and cut answers are counted; what the proxy knows of them stands in its log.
    tally.failed += 1
  }
}

const requestOptions = (
  request: RecordedRequest,
  index: number,
  { url, protocol, model, speed, streaming }: PlayOptions,
): Dispatcher.RequestOptions & { origin: string } => {
  const { firstTokenMs, wholeMs } = serviceTime(request)
  // Spread evenly over the trace: the share of the first n requests never differs from the wanted one by more than one request.
  const isStream = Math.floor((index + 1) * streaming) > Math.floor(index * streaming)
  return {
    origin: url,
    path: paths[protocol],
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-sim-input-tokens": String(request.inputTokens),
      "x-sim-output-tokens": String(request.outputTokens),
      "x-sim-ttft-ms": String(firstTokenMs / speed),
      "x-sim-service-ms": String(wholeMs / speed),
    },
    body: JSON.stringify({
      model,
      max_tokens: Math.max(1, request.outputTokens),
      ...(isStream ? { stream: true } : {}),
      messages: [{ role: "user", content: "Complete this code." }],
    }),
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  })
