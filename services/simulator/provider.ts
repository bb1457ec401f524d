import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { serveCompletion } from "./completion-request.ts"
import type { ProviderState } from "./exchange.ts"
import { Meter, type CredentialStats } from "./meter.ts"
import { startProviderClock } from "./provider-clock.ts"
import { readBody } from "./read-body.ts"
import {
  changeSettings,
  InvalidProviderSettings,
  readOptions,
  settingsOf,
  type ProviderOptions,
  type ProviderSettings,
} from "./settings.ts"
import { anthropicWire, countTokensWire } from "./wire/anthropic.ts"
import { completionsWire } from "./wire/completions.ts"
import { embeddingsWire } from "./wire/embeddings.ts"
import { geminiListWire, geminiWire } from "./wire/gemini.ts"
import { openaiWire } from "./wire/openai.ts"
import { responsesWire } from "./wire/responses.ts"
import type { Wire } from "./wire/wire.ts"

/**
 * What a provider measured since its start or the last `POST /__stats/reset`. `inFlight` counts requests that
 * hold a slot, from their headers until the last byte of the answer was sent or the client's close was seen
 * (A2); refused ones hold none and count in `offered` alone.
 * `completed` counts successes, `aborted` the answers whose client closed first, `broken` those that a fault
 * took off their way.
 */
export interface ProviderStats {
  readonly name: string
  readonly limit: number | null
  readonly inFlight: number
  readonly peakInFlight: number
  readonly offered: number
  readonly peakOffered: number
  readonly requests: number
  readonly completed: number
  readonly aborted: number
  readonly broken: number
  readonly rejected: Readonly<Record<"concurrency" | "requests" | "tokens" | "credential", number>>
  readonly statuses: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  readonly byCredential: Readonly<Record<string, Readonly<CredentialStats>>>
  readonly settings: ProviderSettings
}

/** A running provider. Closing it cuts what is in flight. */
export interface SimulatedProvider extends AsyncDisposable {
  readonly name: string
  readonly url: string
  readonly port: number
  stats(): ProviderStats
  resetStats(): void
  /** Fails: throws `InvalidProviderSettings` and changes nothing. */
  configure(change: Partial<ProviderSettings>): void
  close(): Promise<void>
}

/**
 * Starts a provider that speaks the endpoints of OpenAI, Anthropic and Gemini that are listed below and their
 * lists of models (`GET /v1/models`, told apart by `anthropic-version`, and `GET /v1beta/models`), and is
 * watched and changed by `GET /__stats`, `POST /__stats/reset` and `POST /__config`.
 * Fails: rejects with `InvalidProviderSettings`, or with the error of `listen`.
 */
export async function startSimulatedProvider(
  given: Partial<ProviderOptions> = {},
): Promise<SimulatedProvider> {
  const options = readOptions(given)
  if (options instanceof InvalidProviderSettings) throw options
  const state = createState(options)
  // No time limit of the server's own: an idle connection is the caller's to close, or it would race with the
  // next request on it.
  const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) =>
    route(state, request, response),
  )
  await listen(server, options)
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : options.port
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    name: options.name,
    url: `http://${options.host}:${port}`,
    port,
    stats: () => readStats(state),
    resetStats: () => resetStats(state),
    configure(change) {
      const error = configure(state, change)
      if (error !== null) throw error
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function createState(options: ProviderOptions): ProviderState {
  const clock = startProviderClock(options.speed)
  const state: ProviderState = {
    name: options.name,
    seed: options.seed,
    clock,
    meter: new Meter(clock, () => state.settings),
    settings: settingsOf(options),
    arrivals: 0,
    statuses: {},
    faults: {},
    faulted: new Map(),
  }
  return state
}

function listen(server: Server, { host, port }: ProviderOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off("error", reject)
      resolve()
    })
  })
}

const wires = new Map<string, Wire>([
  ["/v1/chat/completions", openaiWire],
  ["/v1/completions", completionsWire],
  ["/v1/embeddings", embeddingsWire],
  ["/v1/responses", responsesWire],
  ["/v1/messages", anthropicWire],
  ["/v1/messages/count_tokens", countTokensWire],
])
const geminiPath = /^\/v1(?:alpha|beta)?\/models\/[^/]+:(?:generateContent|streamGenerateContent)$/
const demoModels = ["demo-gpt", "demo-claude", "demo-gemini"]

function wireAt(path: string, query: string): Wire | undefined {
  if (!geminiPath.test(path)) return wires.get(path)
  return new URLSearchParams(query).get("alt") === "sse" ? geminiWire : geminiListWire
}

function route(state: ProviderState, request: IncomingMessage, response: ServerResponse): void {
  const [path = "", query = ""] = (request.url ?? "").split("?", 2)
  const wire = request.method === "POST" ? wireAt(path, query) : undefined
  if (wire !== undefined) return serveCompletion(state, wire, request, response)
  switch (`${request.method} ${path}`) {
    case "GET /v1/models": {
      const list = request.headers["anthropic-version"] === undefined ? openaiWire : anthropicWire
      return sendJson(response, 200, list.models(state.settings.models ?? demoModels))
    }
    case "GET /v1beta/models":
      return sendJson(response, 200, geminiWire.models(state.settings.models ?? demoModels))
    case "GET /__stats":
      return sendJson(response, 200, JSON.stringify(readStats(state)))
    case "POST /__stats/reset":
      resetStats(state)
      return sendJson(response, 200, JSON.stringify(readStats(state)))
    case "POST /__config":
      return readBody(request, (body) => reconfigure(state, body, response))
    default:
      return sendJson(
        response,
        404,
        openaiWire.refuse(
          { reason: "invalid", message: `Unknown request URL: ${request.method} ${path}.` },
          "",
        ).body,
      )
  }
}

function reconfigure(state: ProviderState, body: string | null, response: ServerResponse): void {
  let change: unknown = null
  try {
    change = JSON.parse(body ?? "")
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  const failure = configure(state, change)
  if (failure === null) sendJson(response, 200, JSON.stringify(state.settings))
  else sendJson(response, 400, JSON.stringify({ error: { message: failure.message } }))
}

function configure(state: ProviderState, change: unknown): InvalidProviderSettings | null {
  const settings = changeSettings(state.settings, change)
  if (settings instanceof InvalidProviderSettings) return settings
  if (settings.speed !== state.settings.speed) state.clock.setSpeed(settings.speed)
  state.settings = settings
  return null
}

function readStats(state: ProviderState): ProviderStats {
  const { peak, ...counts } = state.meter.stats
  const byCredential: Record<string, CredentialStats> = {}
  for (const [credential, account] of state.meter.accounts) {
    const { requestGauge: _requests, tokenGauge: _tokens, ...figures } = account
    byCredential[credential] = figures
  }
  return structuredClone({
    name: state.name,
    limit: state.settings.concurrencyLimit,
    ...counts,
    peakInFlight: peak,
    statuses: state.statuses,
    faults: state.faults,
    byCredential,
    settings: state.settings,
  })
}

function resetStats(state: ProviderState): void {
  state.meter.reset()
  state.statuses = {}
  state.faults = {}
  state.faulted.clear()
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, [
    "content-type",
    "application/json",
    "content-length",
    String(Buffer.byteLength(body)),
  ])
  response.end(body)
}
