import type { Protocol } from "@sluice/events/field.ts"
import type { AttemptSummary, Candidate } from "@sluice/events/ingress.ts"
import type { AttemptEnd, Lease } from "../admission/lease.ts"
import type { IngressOptions } from "../ingress-options.ts"
import { type Expected, expectedOf, nothingExpected } from "../usage/metering.ts"
import type { Intake } from "./intake.ts"

const longestModelName = 200
const longestPath = 300

/** How a request ended, as its client was or would have been told. */
export interface RequestEnd {
  readonly status: number
  readonly code: string
  readonly bytesOut: number
  /** On the monotonic clock; `undefined` where no byte of an answer came. */
  readonly firstByteAt: number | undefined
}

/** Collects what the log will say of one request, and closes its story once. Source: L7. */
export class RequestRecord {
  readonly #options: Pick<IngressOptions, "admission" | "now" | "mostOutputOf">
  readonly #protocol: Protocol
  readonly #path: string
  readonly #intake: Intake
  readonly #candidates: Candidate[] = []
  #expected: Expected | undefined
  readonly attempts: AttemptSummary[] = []
  readonly request: string
  /** Since the epoch, as facts have it. */
  readonly arrivedAt: number
  /** The same instant on the monotonic clock, which durations are measured by. */
  readonly startedAt = performance.now()
  waitMs = 0
  closed = false

  constructor(
    request: string,
    intake: Intake,
    of: {
      readonly options: Pick<IngressOptions, "admission" | "now" | "mostOutputOf">
      readonly protocol: Protocol
      readonly path: string
    },
  ) {
    this.request = request
    this.#intake = intake
    this.#options = of.options
    this.arrivedAt = of.options.now()
    this.#protocol = of.protocol
    this.#path = of.path
  }

  /** What the request is expected to use, from the moment at which it has been read. */
  get expected(): Expected {
    const { ask } = this.#intake
    if (ask === undefined) return nothingExpected
    return (this.#expected ??= expectedOf(ask, this.#options.mostOutputOf(ask.model)))
  }

  /** Empty while nobody knows who calls. */
  get client(): string {
    return this.#intake.client
  }

  /** True if the request got as far as to be asked a slot for. */
  get isRouted(): boolean {
    return this.#intake.pool !== undefined
  }

  /** Notes who was passed over. */
  passOver(candidates: ReadonlyArray<Candidate>): void {
    for (const candidate of candidates) this.#candidates.push(candidate)
  }

  /** Notes how an attempt ended. */
  attempted(lease: Lease, { outcome, status }: AttemptEnd): void {
    this.attempts.push({
      attempt: lease.attempt,
      channel: lease.channel.id,
      account: lease.account.id,
      outcome,
      status,
      waitMs: lease.waitMs,
    })
  }

  /**
   * Records how the request ended; resolves when that is in the log.
   *
   * What was never known of a refused request is empty: no client, no model, no pool. What a client sent as a model or a path is cut, since it may be anything.
   */
  close(end: RequestEnd): Promise<void> {
    this.closed = true
    const { ask, client, pool, session, deadlineMs, bytes } = this.#intake
    const last = this.attempts.at(-1)
    return this.#options.admission.complete({
      request: this.request,
      client,
      protocol: this.#protocol,
      path: this.#path.slice(0, longestPath),
      model: ask?.model.slice(0, longestModelName) ?? "",
      pool: pool?.id ?? "",
      ...(session === null ? {} : { session: session.id, sessionSource: session.source }),
      streaming: ask?.stream ?? false,
      arrivedAt: this.arrivedAt,
      deadlineMs,
      estimate: this.expected.estimate,
      maxTokens: ask?.maxTokens ?? null,
      candidates: this.#candidates,
      attempts: this.attempts,
      channel: last?.channel ?? "",
      account: last?.account ?? "",
      status: end.status,
      code: end.code,
      waitMs: Math.round(this.waitMs),
      ttftMs: end.firstByteAt === undefined ? null : Math.round(end.firstByteAt - this.startedAt),
      totalMs: Math.round(performance.now() - this.startedAt),
      bytesIn: bytes,
      bytesOut: end.bytesOut,
    })
  }
}
