import { setTimeout as pause } from "node:timers/promises"
import { type Dispatcher, Pool } from "undici"
import type { Contestant } from "../contestants/contestant.ts"
import { benchModel } from "../load.ts"
import type { Arrival, ClientName } from "./arrivals.ts"
import { headersOf } from "./clients.ts"

/** What came of one request. */
export interface Answer {
  readonly client: ClientName
  /** `null` where the client left before its answer had ended. */
  readonly status: number | null
  /** From the time at which the request was to come, sent late or not, to the last byte of the answer. */
  readonly latencyMs: number
  /** How long it waited for its slot by its own account; NaN where nothing is said about it. */
  readonly waitMs: number
}

/** A load of requests that are alike but for their times and clients. */
export interface Load {
  readonly arrivals: ReadonlyArray<Arrival>
  /** How long the upstream is to take for each. */
  readonly serviceMs: number
  readonly model?: string
  /** How many connections there are; those that find none free wait for one, and are sent then. Absent: as many as are needed. */
  readonly connections?: number
}

/**
 * Sends every request at its time, however many are still unanswered, and gives what came of each in the order of arrival.
 *
 * A latency counts from the time at which the request was to come, so that a client which is held up hides nothing.
 * Fails: rejects, and sends no more, when a connection breaks that its client did not close.
 */
export const drive = async (
  contestant: Pick<Contestant, "name" | "url" | "headers">,
  { arrivals, serviceMs, model = benchModel, connections }: Load,
): Promise<ReadonlyArray<Answer>> => {
  const pool = new Pool(contestant.url, { connections: connections ?? null, pipelining: 1 })
  const failed = new AbortController()
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "hello" }] })
  const begin = performance.now()
  const answers = arrivals.map(async (arrival) => {
    const dueAt = begin + arrival.atMs
    await reached(dueAt, failed.signal)
    const headers = { ...headersOf(contestant, arrival.client), "x-sim-service-ms": String(serviceMs) }
    const ended = await ask(pool, { headers, body }, arrival)
    return { client: arrival.client, latencyMs: performance.now() - dueAt, ...ended }
  })
  try {
    return await Promise.all(answers)
  } catch (error) {
    throw new Error(`${contestant.name}: a request failed`, { cause: error })
  } finally {
    failed.abort()
    await pool.destroy()
    await Promise.allSettled(answers)
  }
}

/** Waits for a time, never less: a timer is cut to whole milliseconds. */
const reached = async (at: number, signal: AbortSignal): Promise<void> => {
  for (let left = at - performance.now(); left > 0; left = at - performance.now())
    await pause(Math.ceil(left), undefined, { signal })
}

const left = new Error("the client has left")

const ask = (
  pool: Pool,
  { headers, body }: { headers: Record<string, string>; body: string },
  { leavesAfterMs }: Arrival,
): Promise<Pick<Answer, "status" | "waitMs">> =>
  new Promise((resolve, reject) => {
    let leaving: NodeJS.Timeout | undefined
    let status = 0
    let waitMs = Number.NaN
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => {
        if (leavesAfterMs !== undefined) leaving = setTimeout(() => controller.abort(left), leavesAfterMs)
      },
      onResponseStart: (_controller, code, answerHeaders) => {
        status = code
        waitMs = Number(answerHeaders["x-sluice-wait-ms"])
      },
      onResponseData: () => undefined,
      onResponseEnd: () => {
        clearTimeout(leaving)
        resolve({ status, waitMs })
      },
      onResponseError: (_controller, error) => {
        clearTimeout(leaving)
        if (error === left) resolve({ status: null, waitMs })
        else reject(error)
      },
    }
    pool.dispatch({ method: "POST", path: "/v1/chat/completions", headers, body }, handler)
  })
