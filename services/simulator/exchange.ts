import type { IncomingMessage, ServerResponse } from "node:http"
import type { Control } from "./control-headers.ts"
import type { Fault } from "./fault.ts"
import type { Meter, Ticket } from "./meter.ts"
import type { ProviderClock } from "./provider-clock.ts"
import { retryHeaders, type Refusal } from "./refusal.ts"
import { drawId, seededRandom, type Random } from "./seeded-random.ts"
import type { ProviderSettings } from "./settings.ts"
import type { RateReport, Wire } from "./wire/wire.ts"

/** All that one simulated provider remembers. */
export interface ProviderState {
  readonly name: string
  readonly seed: number
  readonly clock: ProviderClock
  readonly meter: Meter
  settings: ProviderSettings
  arrivals: number
  statuses: Record<string, number>
  faults: Record<string, number>
  /** Faults that were already given to a key with `x-sim-fault-times`. */
  readonly faulted: Map<string, number>
}

/**
 * One request and its answer, from the request's headers until the answer has ended or its client has closed.
 */
export class Exchange {
  readonly provider: ProviderState
  readonly wire: Wire
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly ticket: Ticket
  /** Draws what differs between two tries of one request. */
  readonly random: Random
  readonly requestId: string
  /** Set when a fault took the answer off its way: it never counts as completed. */
  broken = false
  closed = false
  private cutByProvider = false
  private timer: NodeJS.Timeout | null = null

  constructor(provider: ProviderState, wire: Wire, request: IncomingMessage, response: ServerResponse) {
    this.provider = provider
    this.wire = wire
    this.request = request
    this.response = response
    provider.arrivals += 1
    this.random = seededRandom(provider.seed, provider.arrivals)
    this.requestId = wire.requestId(drawId(this.random, 22))
    this.ticket = provider.meter.arrive(credentialOf(request))
    response.on("close", () => this.close())
  }

  /** Runs the next step of the answer after a while, or at once; never after the client has closed. */
  after(durationMs: number, run: () => void): void {
    if (durationMs <= 0) run()
    else this.timer = this.provider.clock.after(durationMs, run)
  }

  /** Sends the status line and headers of an answer. */
  begin(
    status: number,
    contentHeaders: readonly string[],
    rates: RateReport = this.provider.meter.report(this.ticket.account),
  ): void {
    const { statuses } = this.provider
    statuses[status] = (statuses[status] ?? 0) + 1
    this.response.writeHead(status, [...this.wire.headers(this.requestId, rates), ...contentHeaders])
  }

  /** Answers with a whole body. */
  send(status: number, type: string, body: string, more: readonly string[] = [], rates?: RateReport): void {
    this.begin(
      status,
      ["content-type", type, "content-length", String(Buffer.byteLength(body)), ...more],
      rates,
    )
    this.response.end(body)
  }

  /** Answers with a refusal in the provider's words. */
  refuse(refusal: Refusal, rates?: RateReport): void {
    const { status, body } = this.wire.refuse(refusal, this.requestId)
    this.send(status, "application/json", body, retryHeaders(refusal), rates)
  }

  /** Ends the connection in the midst of the answer. */
  cut(): void {
    this.cutByProvider = true
    this.response.destroy()
  }

  /** Resets the connection, so that the client sees an error and no answer. */
  reset(): void {
    this.cutByProvider = true
    this.request.socket.resetAndDestroy()
  }

  private close(): void {
    this.closed = true
    if (this.timer !== null) clearTimeout(this.timer)
    const { meter, settings } = this.provider
    const finished = this.response.writableFinished
    if (this.broken) meter.stats.broken += 1
    else if (!finished) meter.stats.aborted += 1
    else if (this.response.statusCode < 300) meter.stats.completed += 1
    // A provider may notice a client's close late, and some go on counting after their own last byte (A2,
    // A9).
    const heldMs = finished || this.cutByProvider ? settings.releaseHoldMs : settings.abortHoldMs
    if (heldMs === 0) meter.leave(this.ticket)
    else setTimeout(() => meter.leave(this.ticket), heldMs).unref()
  }
}

/** The fault that this try gets, if any, counted. */
export function takeFault(provider: ProviderState, control: Control): Fault | null {
  if (control.fault === null) return null
  if (control.faultTimes !== null) {
    const key = control.key ?? ""
    const before = provider.faulted.get(key) ?? 0
    if (before >= control.faultTimes) return null
    provider.faulted.set(key, before + 1)
  }
  const name = faultName(control.fault)
  provider.faults[name] = (provider.faults[name] ?? 0) + 1
  return control.fault
}

function faultName(fault: Fault): string {
  if (fault.kind === "refuse") return fault.reason
  if (fault.kind === "gateway") return String(fault.status)
  return fault.kind === "break" ? fault.how : fault.kind
}

function credentialOf(request: IncomingMessage): string {
  const key = request.headers["x-api-key"] ?? request.headers["x-goog-api-key"]
  if (typeof key === "string") return key
  return request.headers.authorization?.replace(/^bearer\s+/i, "") ?? "anonymous"
}
