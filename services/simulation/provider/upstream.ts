import type { AnswerHeaders } from "@sluice/ingress/classification/classification.ts"
import type { Demand } from "../demand.ts"

/** A provider's answer that is no success. */
export interface Rejected {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly body: Buffer
}

/** A call as a provider sees it; it hears of each step when the provider takes it, without the way back. */
export interface Call extends Pick<Demand, "work"> {
  /** The name that the provider knows the model by. */
  readonly model: string
  onHeaders(headers: AnswerHeaders): void
  onEnd(): void
  onRejected(answer: Rejected): void
  /** The connection has failed. */
  onBroken(): void
}

/** Who answers the calls of one account. */
export interface Upstream {
  arrive(call: Call): void
  /** Takes note that the proxy has closed the connection of a call that it may still be serving. */
  leave(call: Call): void
}
