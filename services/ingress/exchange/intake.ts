import type { IncomingMessage, ServerResponse } from "node:http"
import type { PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import { modelNameProblem } from "../admission/model-name.ts"
import { readSessionKey, type Session } from "../admission/session-key.ts"
import type { BodyRoom } from "../http/body-budget.ts"
import type { Origin } from "../http/callers.ts"
import { type Problem, problem } from "../http/errors.ts"
import type { Peer } from "../http/peers.ts"
import { bodyTooLarge, type IncomingBody, readBody } from "../http/request-body.ts"
import { readRequestHeaders, type RequestHeaders } from "../http/request-headers.ts"
import type { IngressOptions } from "../ingress-options.ts"
import type { Ask, WireProtocol } from "../providers/protocol.ts"
import type { Destination, ExchangeContext } from "./exchange-context.ts"

/** A request as far as it has been read; a refused one stays as it was when it was refused. */
export interface Intake extends IncomingBody {
  readonly headers: RequestHeaders
  readonly peer: Peer
  client: string
  /** True if it counts towards the limit of its client. Source: A13. */
  isCounted: boolean
  /** The room that the body takes among those of all requests. */
  room: BodyRoom | undefined
  ask: Ask | undefined
  pool: PoolConfiguration | undefined
  session: Session | null
  deadlineMs: number | null
}

const nothing = Buffer.alloc(0)
const longestDeadlineMs = 86_400_000

/** Opens the intake of a request: its headers are read, its body is not. */
export const openIntake = (
  { peers }: ExchangeContext,
  response: ServerResponse,
  queryKey: string | undefined,
): Intake => ({
  headers: readRequestHeaders(response.req.rawHeaders, queryKey),
  peer: peers.serve(response),
  client: "",
  isCounted: false,
  bytes: 0,
  body: nothing,
  scanned: undefined,
  room: undefined,
  stopReading: undefined,
  ask: undefined,
  pool: undefined,
  session: null,
  deadlineMs: null,
})

/** Checks what the headers say: who calls, from where, how much and until when. Source: S9, A13, B11. */
export const checkHeaders = (context: ExchangeContext, intake: Intake): Problem | undefined => {
  const { options, clientLimits } = context
  const { headers } = intake
  const client = identify(context, intake)
  if (typeof client !== "string") return client
  intake.client = client
  if (options.isDiskFull())
    return problem("disk_full", "The proxy's disk is nearly full; it takes nothing new.")
  const excess = clientLimits.enter(client)
  if (excess !== undefined) return excess
  intake.isCounted = true
  if (headers.deadline !== undefined) {
    const deadlineMs = /^\d{1,9}$/.test(headers.deadline) ? Number(headers.deadline) : 0
    if (deadlineMs < 1 || deadlineMs > longestDeadlineMs) {
      return problem("invalid_deadline", "x-sluice-deadline-ms must be a whole number from 1 to 86400000.")
    }
    intake.deadlineMs = deadlineMs
  }
  const limitBytes = options.bodyLimitBytes()
  return headers.contentLength > limitBytes ? bodyTooLarge(limitBytes) : undefined
}

/** Reads the body of a request whose headers are good, then says what came of it. */
export const readIntake = (
  { options, bodyBudget }: ExchangeContext,
  {
    request,
    intake,
    protocol,
  }: { readonly request: IncomingMessage; readonly intake: Intake; readonly protocol: WireProtocol },
  done: (problem: Problem | undefined) => void,
): void => {
  const room = bodyBudget.open(intake.client)
  intake.room = room
  readBody(request, intake, { protocol, limitBytes: options.bodyLimitBytes(), room }, done)
}

/** Gives back what a request that is over was counted for. */
export const closeIntake = (
  { clientLimits }: ExchangeContext,
  { isCounted, client, room, peer }: Intake,
): void => {
  peer.serving -= 1
  if (isCounted) clientLimits.leave(client)
  room?.release()
}

/** Returns the client that calls, or says why nobody is served. Source: S9. */
export const identify = ({ options, callers }: ExchangeContext, origin: Origin): string | Problem => {
  const forbidden = checkCaller(options, origin)
  if (forbidden !== undefined) return forbidden
  const client = options.authenticate(origin.headers.key)
  const pauseMs = callers.pauseOf(origin, client)
  if (pauseMs > 0) {
    const message = "Too many wrong client keys came from this address; it has to pause."
    return { ...problem("too_many_wrong_keys", message), retryAfterMs: pauseMs }
  }
  return client ?? problem("invalid_client_key", "The client key is missing or not known.")
}

/**
 * Without keys only programs of this machine may call: who they are is told by both ends of the connection, and two headers tell them from a web page that a browser on it has open.
 *
 * Source: S9.
 */
const checkCaller = (options: IngressOptions, { headers, peer }: Origin): Problem | undefined => {
  if (options.keysRequired()) return undefined
  if (!peer.isLocal)
    return problem("forbidden_origin", "Requests from another machine need client keys to be configured.")
  if (headers.relayedFor !== undefined)
    return problem("forbidden_origin", "Requests that were relayed need client keys to be configured.")
  if (headers.hasOrigin)
    return problem("forbidden_origin", "Requests with an Origin need client keys to be configured.")
  if (headers.hostIsLoopback) return undefined
  return problem(
    "forbidden_origin",
    "Requests for a Host that is not loopback need client keys to be configured.",
  )
}

/** Reads what the body asks for, finds the pool and the session. Source: B1, B5. */
export const readAsk = (
  options: IngressOptions,
  { protocol, path }: Destination,
  intake: Intake,
): Problem | undefined => {
  const { scanned } = intake
  if (scanned === undefined) throw new Error("a request was asked for what it wants before its body was read")
  const ask = protocol.read(scanned, path)
  if (typeof ask === "string") return problem("invalid_body", ask)
  const misnamed = modelNameProblem(ask.model)
  if (misnamed !== undefined) return problem("invalid_body", misnamed)
  intake.ask = ask
  intake.pool = options.route(protocol.name, ask.model, intake.client)
  if (intake.pool === undefined) {
    return problem("model_not_found", `No pool serves the model ${JSON.stringify(ask.model.slice(0, 200))}.`)
  }
  const named = readSessionKey(intake.headers, protocol, scanned.json)
  if (named === undefined) return undefined
  const owner = { client: intake.client, pool: intake.pool.id, key: named.key }
  intake.session = { id: options.sessionIdOf(owner), source: named.source }
  return undefined
}
