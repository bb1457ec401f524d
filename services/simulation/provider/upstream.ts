import type { Cause } from "@sluice/ingress/exchange/failure.ts"
import type { AnswerHeaders } from "@sluice/ingress/providers/classification/answered.ts"
import type { Meaning } from "@sluice/ingress/providers/classification/classification.ts"
import type { Demand } from "../demand.ts"

/** A provider's answer that is no success. */
export interface Rejected {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly body: Buffer
  /** What it says, where that is known without its words. */
  readonly meaning?: Meaning
}

/** A call as a provider sees it; it hears of each step when the provider takes it, without the way back. */
export interface Call extends Pick<Demand, "work"> {
  /** The name that the provider knows the model by. */
  readonly model: string
  onHeaders(headers: AnswerHeaders): void
  onEnd(): void
  onRejected(answer: Rejected): void
  /** No answer will come: the connection has failed, where no other cause is named. */
  onBroken(cause?: Cause): void
}

/** Who answers the calls of one account. */
export interface Upstream {
  arrive(call: Call): void
  /** Takes note that the proxy has closed the connection of a call that it may still be serving. */
  leave(call: Call): void
}
