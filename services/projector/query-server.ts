import { hash, timingSafeEqual } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { isLoopbackAuthority } from "@sluice/infra/network/loopback.ts"
import { errorText } from "@sluice/infra/process/error-text.ts"
import type { Lag } from "./lag.ts"
import { InvalidParameter, UnknownQuery } from "./queries/invalid-parameter.ts"
import { listQueries, runQuery } from "./queries/named-queries.ts"

/** What the server answers from. */
export interface QueryServerParts {
  readonly clickHouse: ClickHouse
  readonly logger: Logger
  /** What whoever asks has to know; `undefined`: whatever runs on this machine may ask. */
  readonly key: string | undefined
  lag(): Promise<Lag>
  /** Resolves when everything up to a sequence is in the tables; rejects with the signal's reason. */
  reached(sequence: number, signal: AbortSignal): Promise<void>
  /** Says what keeps it from being ready, or nothing. */
  unreadyBecause(): string | undefined
}

/** A server that only this machine reaches. */
export interface QueryServer {
  readonly url: string
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

const host = "127.0.0.1"
const longestWaitMs = 30_000

const failed = (status: number, code: string, message: string): Answer => ({
  status,
  body: { error: { code, message } },
})

/**
 * Serves the named queries and the lag to this machine.
 *
 * Shape: `GET /queries`, `GET /queries/:name?…&wait=SEQUENCE|head`, `GET /lag`, with `authorization: Bearer KEY` where there is a key; `GET /healthz`, `GET /readyz`.
 * Fails: rejects where the port is taken.
 * Source: P4, P7, S3.
 */
export const startQueryServer = async (parts: QueryServerParts, port: number): Promise<QueryServer> => {
  const server = createServer((request, response) => {
    void respond(parts, request, response)
  })
  server.listen({ host, port })
  await once(server, "listening")
  const address = server.address()
  const actualPort = typeof address === "object" && address !== null ? address.port : port
  return {
    url: `http://${host}:${actualPort}`,
    close: async () => {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const respond = async (
  parts: QueryServerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const answer = await answerTo(parts, request).catch((error: unknown) => answerToError(parts, error))
  response.writeHead(answer.status, { "content-type": "application/json" })
  response.end(`${JSON.stringify(answer.body)}\n`)
}

/** A page in a browser must not ask for what is meant for this machine. Source: S9. */
const isFromBrowserOrAfar = ({ headers }: IncomingMessage): boolean =>
  headers.origin !== undefined || !isLoopbackAuthority(headers.host ?? "")

const answerTo = async (parts: QueryServerParts, request: IncomingMessage): Promise<Answer> => {
  if (isFromBrowserOrAfar(request)) return failed(403, "forbidden", "only programs of this machine may ask")
  if (request.method !== "GET") return failed(405, "method_not_allowed", "only GET is answered")
  const url = URL.parse(request.url ?? "/", `http://${host}`)
  if (url === null) return failed(400, "invalid_request", "the path cannot be read")
  const { pathname, searchParams } = url
  if (pathname === "/healthz") return { status: 200, body: { status: "ok" } }
  if (pathname === "/readyz") return readiness(parts)
  if (!mayAsk(parts, request)) return failed(401, "invalid_query_key", "a query key is needed to ask this")
  if (pathname === "/lag") return { status: 200, body: await parts.lag() }
  if (pathname === "/queries") return { status: 200, body: { queries: listQueries() } }
  const name = /^\/queries\/([^/]+)$/.exec(pathname)?.[1]
  if (name === undefined) return failed(404, "not_found", `nothing is at ${pathname}`)
  const { wait, ...given } = Object.fromEntries(searchParams)
  if (wait !== undefined && !(await waited(parts, wait)))
    return failed(504, "projection_behind", `the tables did not reach ${wait} within ${longestWaitMs} ms`)
  const rows = await runQuery(parts.clickHouse, { name: name, given, nowMs: Date.now() })
  return { status: 200, body: { rows } }
}

/** Compared by digests, whose comparison tells nothing of the key by its time. */
const mayAsk = ({ key }: QueryServerParts, { headers }: IncomingMessage): boolean =>
  key === undefined || timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${key}`))

const digest = (text: string): Buffer => hash("sha256", text, "buffer")

const readiness = ({ unreadyBecause }: QueryServerParts): Answer => {
  const reason = unreadyBecause()
  return reason === undefined
    ? { status: 200, body: { status: "ready" } }
    : { status: 503, body: { status: "not ready", reason } }
}

/** Waits until a sequence, or what is the head now, is in the tables. Source: P4. */
const waited = async (parts: QueryServerParts, wait: string): Promise<boolean> => {
  const sequence = wait === "head" ? (await parts.lag()).head : Number(wait)
  if (!Number.isSafeInteger(sequence) || sequence < 0)
    throw new InvalidParameter({
      parameter: "wait",
      reason: `${JSON.stringify(wait)} is neither a sequence nor head`,
    })
  const timeout = AbortSignal.timeout(longestWaitMs)
  try {
    await parts.reached(sequence, timeout)
    return true
  } catch (error) {
    if (timeout.aborted) return false
    throw error
  }
}

const answerToError = ({ logger }: QueryServerParts, error: unknown): Answer => {
  if (error instanceof UnknownQuery) return failed(404, "not_found", error.message)
  if (error instanceof InvalidParameter) return failed(400, "invalid_request", error.message)
  if (error instanceof LogUnavailable) return failed(503, "event_log_unavailable", error.reason)
  logger.error({ err: error }, "query failed")
  return failed(500, "query_failed", errorText(error))
}
