import { setTimeout as pause } from "node:timers/promises"
import { Pool } from "undici"

/** What became of one request. */
export interface Outcome {
  readonly request: string
  readonly sentAt: number
  readonly tookMs: number
  /** 0 where the connection broke before there was an answer. */
  readonly status: number
  /** The code of an error, of the answer or in its stream; empty where there is none. */
  readonly code: string
  /** True if the client saw the end of a good answer. */
  readonly isWhole: boolean
}

/** A load that runs. */
export interface SteadyLoad {
  /** What came back so far. */
  readonly outcomes: ReadonlyArray<Outcome>
  /** Sends no more and gives what became of all. */
  stop(): Promise<ReadonlyArray<Outcome>>
}

const completion = {
  model: "demo-gpt",
  max_tokens: 4,
  messages: [{ role: "user", content: "hello" }],
}

/** Sends requests at a rate, every other one a stream, however many are still unanswered, until it is stopped. */
export const startLoad = (
  url: string,
  { perSecond, headers = {} }: { perSecond: number; headers?: Readonly<Record<string, string>> },
): SteadyLoad => {
  const pool = new Pool(url, { connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  const begin = performance.now()
  const outcomes: Array<Outcome> = []
  const asked: Array<Promise<void>> = []
  let isStopped = false
  const run = async (): Promise<void> => {
    for (let n = 0; !isStopped; n += 1) {
      const waitMs = begin + (n * 1_000) / perSecond - performance.now()
      if (waitMs > 0) await pause(Math.ceil(waitMs))
      asked.push(
        ask(pool, { stream: n % 2 === 0, more: headers }).then((outcome) => void outcomes.push(outcome)),
      )
    }
  }
  const running = run()
  return {
    outcomes,
    stop: async () => {
      isStopped = true
      await running
      await Promise.all(asked)
      await pool.close()
      return outcomes
    },
  }
}

const ask = async (
  pool: Pool,
  { stream, more }: { stream: boolean; more: Readonly<Record<string, string>> },
): Promise<Outcome> => {
  const sentAt = performance.now()
  const answer = { request: "", status: 0, text: "" }
  try {
    const { headers, statusCode, body } = await pool.request({
      method: "POST",
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json", ...more },
      body: JSON.stringify({ ...completion, stream }),
    })
    answer.status = statusCode
    answer.request = String(headers["x-sluice-request-id"] ?? "")
    answer.text = await body.text()
  } catch {
    // The connection broke: what came so far says all that there is.
  }
  const { request, status, text } = answer
  const hasEnd = stream ? text.endsWith("data: [DONE]\n\n") : text.includes('"usage"')
  return {
    request,
    sentAt,
    tookMs: performance.now() - sentAt,
    status,
    code: /"code":"(\w+)"/u.exec(text)?.[1] ?? "",
    isWhole: status === 200 && hasEnd,
  }
}
