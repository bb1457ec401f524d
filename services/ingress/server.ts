import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { ActiveExchanges } from "./active-exchanges.ts"
import { type Problem, problem, problemHeaders } from "./errors.ts"
import type { ExchangeContext } from "./exchange-context.ts"
import { defaultLimits, type Health, type IngressOptions } from "./ingress-options.ts"
import { checkCaller } from "./intake.ts"
import { anthropic } from "./protocols/anthropic.ts"
import { openai } from "./protocols/openai.ts"
import type { WireProtocol } from "./protocols/protocol.ts"
import { readRequestHeaders } from "./request-headers.ts"
import { Exchange } from "./request.ts"
import { Upstreams } from "./upstream.ts"
import { UsageAsking } from "./usage-asking.ts"

/** The protocols that are spoken; one more is one more object. Source: S5. */
const protocols: ReadonlyArray<WireProtocol> = [openai, anthropic]
const protocolOfPath = new Map(
  protocols.flatMap((protocol) => protocol.paths.map((path) => [path, protocol] as const)),
)

const lingerAfterGraceMs = 2_000

/** The HTTP side of an ingress. */
export class IngressServer {
  readonly #options: IngressOptions
  readonly #server: Server
  readonly #context: ExchangeContext
  readonly #active = new ActiveExchanges()
  #idle: (() => void) | undefined

  constructor(options: IngressOptions) {
    const limits = { ...defaultLimits, ...options.limits }
    this.#options = options
    this.#context = {
      options,
      upstreams: new Upstreams(),
      clientStallMs: limits.clientStallMs,
      random: options.random ?? Math.random,
      usageAsking: new UsageAsking(options.log),
      onDone: (exchange) => this.#done(exchange),
    }
    this.#server = createServer(
      {
        maxHeaderSize: limits.headerBytes,
        headersTimeout: limits.headersTimeoutMs,
        requestTimeout: limits.requestTimeoutMs,
        connectionsCheckingInterval: Math.min(1_000, limits.headersTimeoutMs, limits.requestTimeoutMs),
        keepAliveTimeout: limits.keepAliveMs,
        noDelay: true,
      },
      (request, response) => this.#serve(request, response),
    )
    this.#server.maxConnections = limits.connections
  }

  /** How many requests are being served. */
  get active(): number {
    return this.#active.size
  }

  /** Begins to listen; port 0 lets the system choose. Returns the port. Fails: rejects with the error of `listen`. */
  async listen(at: { readonly host: string; readonly port: number }): Promise<number> {
    this.#server.listen({ ...at, backlog: 4_096 })
    await once(this.#server, "listening")
    const address = this.#server.address()
    return typeof address === "object" && address !== null ? address.port : at.port
  }

  /** Stops listening, lets what is in flight end for the grace, and ends what outlives it with an error. Source: L10. */
  async stop(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const exchange of this.#active) exchange.closeConnection()
    await this.#whenIdle(graceMs)
    for (const exchange of this.#active) exchange.expire()
    await this.#whenIdle(lingerAfterGraceMs)
    this.#server.closeAllConnections()
    await Promise.all([closed, this.#context.upstreams.close()])
  }

  async #whenIdle(timeoutMs: number): Promise<void> {
    if (this.#active.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle = resolve
    const timer = setTimeout(resolve, timeoutMs)
    await promise
    clearTimeout(timer)
    this.#idle = undefined
  }

  #done(exchange: Exchange): void {
    this.#active.remove(exchange)
    if (this.#active.size === 0) this.#idle?.()
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? "/"
    const mark = url.indexOf("?")
    const path = mark === -1 ? url : url.slice(0, mark)
    const protocol = protocolOfPath.get(path)
    if (protocol === undefined) return this.#serveOther(request, response, path)
    if (request.method !== "POST") return this.#wrongMethod(request, response, "POST")
    const query = mark === -1 ? "" : url.slice(mark)
    const exchange = new Exchange(this.#context, { protocol, path, query }, request, response)
    this.#active.add(exchange)
    exchange.start()
  }

  #serveOther(request: IncomingMessage, response: ServerResponse, path: string): void {
    const isModels = path === "/v1/models" || path.startsWith("/v1/models/")
    const isProbe = path === "/healthz" || path === "/readyz"
    if (!isModels && !isProbe) {
      const message = `${path.slice(0, 200)} is not served here.${unservedNote(path)}`
      return sendError(request, response, problem("not_found", message))
    }
    if (request.method !== "GET" && request.method !== "HEAD")
      return this.#wrongMethod(request, response, "GET, HEAD")
    if (isModels) return this.#serveModels(request, response, path)
    sendHealth(response, path === "/healthz" ? this.#options.health() : this.#options.readiness())
  }

  #wrongMethod(request: IncomingMessage, response: ServerResponse, allow: string): void {
    const refused = problem("method_not_allowed", `Only ${allow} is served here.`)
    sendError(request, response, refused, ["allow", allow])
  }

  #serveModels(request: IncomingMessage, response: ServerResponse, path: string): void {
    const headers = readRequestHeaders(request.rawHeaders)
    const stranger = checkCaller(this.#options, headers)
    if (stranger !== undefined) return sendError(request, response, stranger)
    const client = this.#options.authenticate(headers.key)
    if (client === undefined) {
      return sendError(
        request,
        response,
        problem("invalid_client_key", "The client key is missing or not known."),
      )
    }
    const models = this.#options.models(client)
    const protocol = protocolOf(request)
    if (path === "/v1/models") return sendJson(response, 200, protocol.modelList(models))
    const name = decoded(path.slice("/v1/models/".length))
    if (name !== undefined && models.includes(name)) return sendJson(response, 200, protocol.modelEntry(name))
    sendError(request, response, problem("model_not_found", "No pool names this model."))
  }
}

/** Makes the HTTP side of an ingress; it listens when it is told to. */
export const createIngressServer = (options: IngressOptions): IngressServer => new IngressServer(options)

const unserved = ["/v1/realtime", "/v1/files", "/v1/batches", "/v1/messages/batches", "/v1/uploads"]

const unservedNote = (path: string): string =>
  unserved.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
    ? " Realtime sessions, files and batches do not pass through this proxy: call the provider for them."
    : ""

/** The shape in which a caller of no protocol's path reads answers. */
const protocolOf = (request: IncomingMessage): WireProtocol =>
  request.headers["anthropic-version"] !== undefined || request.url?.startsWith("/v1/messages") === true
    ? anthropic
    : openai

const sendError = (
  request: IncomingMessage,
  response: ServerResponse,
  refused: Problem,
  headers: ReadonlyArray<string> = [],
): void =>
  sendJson(response, refused.status, protocolOf(request).errorBody(refused, ""), [
    ...headers,
    ...problemHeaders(refused),
  ])

const sendHealth = (response: ServerResponse, { ok, body }: Health): void =>
  sendJson(response, ok ? 200 : 503, JSON.stringify(body))

const sendJson = (
  response: ServerResponse,
  status: number,
  body: string,
  headers: ReadonlyArray<string> = [],
): void => {
  const length = String(Buffer.byteLength(body))
  response.writeHead(status, ["content-type", "application/json", "content-length", length, ...headers])
  response.end(body)
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
