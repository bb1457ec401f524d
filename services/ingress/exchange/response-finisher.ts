import type { IncomingMessage } from "node:http"
import { endAnswer, lastWordOf, sendAnswer, sendProblem } from "../http/answer.ts"
import { okCode, type Problem } from "../http/errors.ts"
import type { Reply } from "../http/reply.ts"
import type { Provenance } from "../http/response-headers.ts"
import type { IngressLog } from "../ingress-options.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import type { RefusedRequests } from "../refusals/refused-requests.ts"
import type { Ending } from "./attempt.ts"
import type { Attempt } from "./attempt.ts"
import type { ExchangeContext } from "./exchange-context.ts"
import { type AttemptFailure, problemOfCause } from "./failure.ts"
import type { RequestRecord, RequestEnd } from "./request-record.ts"

const unreadBodyMs = 2_000
const nothingToStore = Promise.resolve()

/**
 * The end of one request: what was used and how it ended go to the log, and only then the last byte goes to the client.
 *
 * Source: D3, L7.
 */
export class ResponseFinisher {
  readonly #request: IncomingMessage
  readonly #reply: Reply
  readonly #record: RequestRecord
  readonly #protocol: WireProtocol
  readonly #log: IngressLog
  readonly #provenance: () => Provenance
  readonly #refused: RefusedRequests
  readonly #onClose: () => void
  readonly #onDone: () => void

  constructor(of: {
    readonly request: IncomingMessage
    readonly reply: Reply
    readonly record: RequestRecord
    readonly protocol: WireProtocol
    readonly context: Pick<ExchangeContext, "options" | "refused">
    readonly provenance: () => Provenance
    /** Told when the end begins: nothing more is to be tried. */
    readonly onClose: () => void
    /** Told when the end has been given to the client, if it is still there. */
    readonly onDone: () => void
  }) {
    this.#request = of.request
    this.#reply = of.reply
    this.#record = of.record
    this.#protocol = of.protocol
    this.#log = of.context.options.log
    this.#provenance = of.provenance
    this.#refused = of.context.refused
    this.#onClose = of.onClose
    this.#onDone = of.onDone
  }

  /** Ends with what an attempt brought, whole or broken off. */
  conclude(attempt: Attempt, ending: Ending): void {
    const { relay, lease, end, status, firstByteAt } = attempt
    const { gone, begun, bytesOut } = this.#reply
    this.#record.attempted(lease, end)
    const recorded = this.#close({
      status: begun ? status : this.#statusOf(attempt, ending),
      code: this.#codeOf(attempt, ending),
      bytesOut: ending === "whole" && !gone ? bytesOut + (relay?.tailBytes ?? 0) : bytesOut,
      firstByteAt,
    })
    this.#whenStored(() => this.#endAnswer(attempt, ending), recorded, attempt)
  }

  #statusOf(attempt: Attempt, ending: Ending): number {
    if (this.#reply.gone) return problemOfCause("client_left").status
    return ending === "whole" ? attempt.status : problemOfCause(ending).status
  }

  #codeOf(attempt: Attempt, ending: Ending): string {
    if (this.#reply.gone) return problemOfCause("client_left").code
    if (ending !== "whole") return problemOfCause(ending).code
    return attempt.relay?.failed === true ? "upstream_error" : okCode
  }

  /** Ends with the failure of the last attempt: the upstream's own answer if it can be passed on. Source: docs/errors.md. */
  giveUp(failure: AttemptFailure): void {
    const word = lastWordOf(failure)
    if (word.kind === "problem") return this.refuse(word.problem)
    const { answer, body } = word
    const recorded = this.#close({
      status: answer.status,
      code: "upstream_error",
      bytesOut: body.length,
      firstByteAt: undefined,
    })
    this.#whenStored(() => sendAnswer(this.#reply, answer, body, this.#provenance()), recorded)
  }

  /** Ends with an error of this side. That the log is closed or closing need not be in the log first (L7). */
  refuse(refused: Problem): void {
    const body = this.#protocol.errorBody(refused, this.#record.request)
    const recorded = this.#close({
      status: refused.status,
      code: refused.code,
      bytesOut: Buffer.byteLength(body),
      firstByteAt: undefined,
    })
    const send = (): void => {
      sendProblem(this.#reply, refused, body, this.#provenance())
      this.#cutUnreadBody()
    }
    if (refused.code !== "event_log_unavailable" && refused.code !== "shutting_down") {
      return this.#whenStored(send, recorded)
    }
    send()
    this.#whenStored(() => undefined, recorded)
  }

  /** Ends a request whose client has left before there was an answer. Source: A8. */
  leave(): void {
    const { status, code } = problemOfCause("client_left")
    const recorded = this.#close({ status, code, bytesOut: 0, firstByteAt: undefined })
    this.#whenStored(() => undefined, recorded)
  }

  /** A client that still sends a refused body may finish soon and use its connection again; one that goes on is cut. Source: S9. */
  #cutUnreadBody(): void {
    if (this.#request.complete) return
    setTimeout(() => {
      if (!this.#request.complete) this.#request.socket.destroy()
    }, unreadBodyMs).unref()
  }

  #close(end: RequestEnd): Promise<void> {
    this.#onClose()
    const { client, isRouted } = this.#record
    if (!isRouted && this.#refused.takes({ client, code: end.code, status: end.status })) {
      this.#record.closed = true
      return nothingToStore
    }
    return this.#record.close(end)
  }

  /** Waits for the log without making a promise of its own. Each store settles once, and the end has come when the last has. */
  #whenStored(end: () => void, recorded: Promise<void>, attempt?: Attempt): void {
    let left = attempt === undefined ? 1 : 2
    const settle = (answer: () => void): void => {
      left -= 1
      try {
        if (!this.#reply.ended) answer()
      } catch (error) {
        this.fail(error)
      }
      if (left === 0) this.#onDone()
    }
    const onStored = (): void => settle(() => (left === 0 ? end() : undefined))
    const onLost = (err: unknown): void => {
      this.#log.error({ request: this.#record.request, err }, "the end of a request could not be recorded")
      settle(() => this.#sayLost(attempt))
    }
    recorded.then(onStored, onLost)
    attempt?.metered.then(onStored, onLost)
  }

  #endAnswer(attempt: Attempt, ending: Ending): void {
    if (ending === "whole") endAnswer(this.#reply, attempt, this.#provenance)
    else this.#breakOff(problemOfCause(ending), attempt)
  }

  /** An answer whose end cannot be recorded is cut before it. Source: L9, E3. */
  #sayLost(attempt: Attempt | undefined): void {
    this.#breakOff(problemOfCause("lease_lost"), attempt)
  }

  /** Says what is wrong in place of an answer, or of the rest of one; a body that has no place for it is cut. Source: E3. */
  #breakOff(refused: Problem, attempt: Attempt | undefined): void {
    const { request } = this.#record
    const prefix = attempt?.relay?.errorPrefix
    if (!this.#reply.begun) {
      sendProblem(this.#reply, refused, this.#protocol.errorBody(refused, request), this.#provenance())
    } else if (prefix === undefined) this.#reply.cut()
    else this.#reply.end(prefix + this.#protocol.errorEvent(refused, request))
  }

  /** Ends after a defect: what has begun is cut, since nothing is known of how it would go on. */
  fail(err: unknown): void {
    this.#log.error({ request: this.#record.request, err }, "a request met a defect")
    const { begun, ended, bytesOut } = this.#reply
    if (!this.#record.closed && !begun) return this.refuse(problemOfCause("defect"))
    if (!ended) this.#reply.cut()
    if (this.#record.closed) return
    const { status, code } = problemOfCause("defect")
    const recorded = this.#close({ status, code, bytesOut, firstByteAt: undefined })
    this.#whenStored(() => undefined, recorded)
  }
}
