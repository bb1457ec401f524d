import { once } from "node:events"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { after } from "@sluice/infra/clock/clock.ts"
import { ClientLimits } from "./admission/client-limits.ts"
import { modelNameProblem } from "./admission/model-name.ts"
import type { ExchangeContext } from "./exchange/exchange-context.ts"
import { Exchange } from "./exchange/exchange.ts"
import { identify } from "./exchange/intake.ts"
import { BodyBudget } from "./http/body-budget.ts"
import { answerBroken, refusedHead } from "./http/broken-request.ts"
import { Callers } from "./http/callers.ts"
import { type Problem, problem, problemHeaders } from "./http/errors.ts"
import { Peers } from "./http/peers.ts"
import { decoded } from "./http/percent-decoded.ts"
import { readRequestHeaders } from "./http/request-headers.ts"
import { defaultLimits, type IngressOptions } from "./ingress-options.ts"
import { dialectOf, endpointAt, modelsAt, unservedNote } from "./providers/endpoints.ts"
import { readQuery } from "./providers/gemini/query.ts"
import type { Dialect } from "./providers/protocol.ts"
import { RefusedRequests } from "./refusals/refused-requests.ts"
import { SwapList, type InSwapList } from "./swap-list.ts"
import { Upstreams } from "./upstream/upstream.ts"
import { UsageAsking } from "./usage/usage-asking.ts"

/** Where connections are taken: at an address, or on a socket that is there. */
export interface ListenAt {
  readonly host: string
  readonly port: number
  readonly fd?: number | undefined
}

/** How many connections may wait to be taken. */
const backlog = 4_096
const lingerAfterGraceMs = 2_000

/** The HTTP side of an ingress. */
export class IngressServer {
  readonly #options: IngressOptions
  readonly #server: Server
  readonly #context: ExchangeContext
  /** The requests that are being served. */
  readonly #active = new SwapList<Exchange>()
  #idle: (() => void) | undefined
  #isStopping = false

  constructor(options: IngressOptions) {
    const limits = { ...defaultLimits, ...options.limits }
    this.#options = options
    this.#context = {
      options,
      clientLimits: new ClientLimits({ limitOf: options.clientLimitOf, now: options.now }),
      peers: new Peers(options.endsOf),
      callers: new Callers({ ...options, connections: limits.connections }),
      bodyBudget: new BodyBudget(options.bodyBudgetBytes),
      refused: new RefusedRequests({ now: options.now, record: options.recordRefused }),
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
    const { callers, peers } = this.#context
    this.#server.on("connection", (socket) => callers.accept(socket, peers.of(socket)))
    this.#server.on("clientError", (error, socket) => this.#onBroken(error, socket as Socket))
  }

  /** How many requests are being served. */
  get active(): number {
    return this.#active.size
  }

  /** How many bytes the bodies of these requests take, or are expected to. */
  get heldBodyBytes(): number {
    return this.#context.bodyBudget.heldBytes
  }

  /** Begins to listen at an address, where port 0 lets the system choose, or on a socket that is there. Returns the port. Fails: rejects with the error of `listen`. */
  async listen({ fd, ...at }: ListenAt): Promise<number> {
    if (fd === undefined) this.#server.listen({ ...at, backlog })
    else this.#server.listen({ fd }, backlog)
    await once(this.#server, "listening")
    const address = this.#server.address()
    return typeof address === "object" && address !== null ? address.port : at.port
  }

  /** Stops listening, lets what is in flight end for the grace, and ends what outlives it with an error. Source: L10. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const exchange of this.#active) exchange.closeConnection()
    await this.#whenIdle(graceMs)
    for (const exchange of this.#active) exchange.expire()
    await this.#whenIdle(lingerAfterGraceMs)
    this.#server.closeAllConnections()
    await Promise.all([closed, this.#context.upstreams.close()])
    this.#context.refused.flush()
  }

  async #whenIdle(timeoutMs: number): Promise<void> {
    if (this.#active.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle = resolve
    const cancel = after(timeoutMs, resolve)
    await promise
    cancel()
    this.#idle = undefined
  }

  #done(exchange: InSwapList): void {
    this.#active.remove(exchange)
    if (this.#active.size === 0) this.#idle?.()
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    // A connection that was busy when the listening ended would be used again and again.
    if (this.#isStopping) response.shouldKeepAlive = false
    const url = request.url ?? "/"
    const mark = url.indexOf("?")
    const path = mark === -1 ? url : url.slice(0, mark)
    const query = mark === -1 ? "" : url.slice(mark)
    const protocol = endpointAt(path)
    if (protocol === undefined) return this.#serveOther(request, response, { path, query })
    if (request.method !== "POST") return this.#wrongMethod(request, response, "POST")
    const destination = { protocol, path, ...readQuery(protocol, query) }
    const exchange = new Exchange(this.#context, destination, request, response)
    this.#active.add(exchange)
    exchange.start()
  }

  #serveOther(
    request: IncomingMessage,
    response: ServerResponse,
    { path, query }: { readonly path: string; readonly query: string },
  ): void {
    const model = modelsAt(path, dialectFor(request))
    const isProbe = path === "/healthz" || path === "/readyz"
    if (model === undefined && !isProbe) {
      // A key may stand in the path of who misspells its query, and messages are kept and shown around.
      const message = `No such path is served here.${unservedNote(path)}`
      return this.#refuse(request, response, problem("not_found", message))
    }
    if (request.method !== "GET" && request.method !== "HEAD")
      return this.#wrongMethod(request, response, "GET, HEAD")
    if (model !== undefined) return this.#serveModels(request, response, { model, query })
    this.#sendHealth(request, response, path)
  }

  /** Tells programs of this machine what there is to say, and others only whether all is well. Source: S3, S9. */
  #sendHealth(request: IncomingMessage, response: ServerResponse, path: string): void {
    const { relayedFor } = readRequestHeaders(request.rawHeaders)
    const isLocal = this.#context.peers.of(request.socket).isLocal && relayedFor === undefined
    const isOfLife = path === "/healthz"
    const { ok, body } = isOfLife ? this.#options.health() : this.#options.readiness()
    const brief = isOfLife ? { status: ok ? "ok" : "failing" } : { ready: ok }
    sendJson(response, ok ? 200 : 503, JSON.stringify(isLocal ? body : brief))
  }

  /** Answers somebody of whom nothing is known, and counts it. Source: A11. */
  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    refused: Problem,
    headers: ReadonlyArray<string> = [],
  ): void {
    const { code, status } = refused
    this.#context.refused.takes({ client: "", code, status })
    sendError(request, response, refused, headers)
  }

  #onBroken(error: NodeJS.ErrnoException, socket: Socket): void {
    const { serving, response } = this.#context.peers.of(socket)
    const refused = refusedHead(error)
    if (refused !== undefined) this.#context.refused.takes(refused)
    answerBroken(socket, error, serving === 0 || (serving === 1 && response?.headersSent === false))
  }

  #wrongMethod(request: IncomingMessage, response: ServerResponse, allow: string): void {
    const refused = problem("method_not_allowed", `Only ${allow} is served here.`)
    this.#refuse(request, response, refused, ["allow", allow])
  }

  #serveModels(
    request: IncomingMessage,
    response: ServerResponse,
    { model, query }: { readonly model: string; readonly query: string },
  ): void {
    const dialect = dialectFor(request)
    const headers = readRequestHeaders(request.rawHeaders, readQuery(dialect, query).key)
    const peer = this.#context.peers.of(request.socket)
    const client = identify(this.#context, { headers, peer })
    if (typeof client !== "string") return this.#refuse(request, response, client)
    const models = this.#options.models(client)
    if (model === "") return sendJson(response, 200, dialect.modelList(models))
    const name = decoded(model)
    const misnamed = modelNameProblem(name ?? model)
    if (misnamed !== undefined) return sendError(request, response, problem("invalid_body", misnamed))
    if (name !== undefined && models.includes(name)) return sendJson(response, 200, dialect.modelEntry(name))
    sendError(request, response, problem("model_not_found", "No pool names this model."))
  }
}

/** Makes the HTTP side of an ingress; it listens when it is told to. */
export const createIngressServer = (options: IngressOptions): IngressServer => new IngressServer(options)

const dialectFor = ({ headers, url }: IncomingMessage): Dialect => dialectOf(url ?? "/", headers)

const sendError = (
  request: IncomingMessage,
  response: ServerResponse,
  refused: Problem,
  headers: ReadonlyArray<string> = [],
): void =>
  sendJson(response, refused.status, dialectFor(request).errorBody(refused, ""), [
    ...headers,
    ...problemHeaders(refused),
  ])

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
