import { type Dispatcher, interceptors } from "undici"
import type { AnswerHeaders } from "../providers/classification/answered.ts"

type Handler = Dispatcher.DispatchHandler
type Controller = Dispatcher.DispatchController

/** What undoes codings at the pace at which the client reads; it is made for the first answer that has one, since few do. */
let decoder: ReturnType<typeof interceptors.decompress> | undefined

const decoding = (inner: Handler): Handler => {
  decoder ??= interceptors.decompress({ skipErrorResponses: false })
  let made = inner
  const keep: Dispatcher["dispatch"] = (_, handler) => {
    made = handler
    return true
  }
  decoder(keep)({ method: "POST", path: "/" }, inner)
  return made
}

/**
 * Returns an answer's body to its handler without the coding that it came in, though none was asked for: gzip, deflate, br or zstd. What is of another coding comes as it is, with its name.
 *
 * Source: S5.
 */
export class DecodedAnswer implements Handler {
  #to: Handler
  #controller: Controller | undefined
  #context: object = {}

  constructor(to: Handler) {
    this.#to = to
  }

  onRequestStart(controller: Controller, context: object): void {
    this.#controller = controller
    this.#context = context
    this.#to.onRequestStart?.(controller, context)
  }

  onResponseStart(controller: Controller, status: number, headers: AnswerHeaders, message?: string): void {
    if (headers["content-encoding"] !== undefined && status >= 200) this.#decode(controller)
    this.#to.onResponseStart?.(controller, status, headers, message)
  }

  #decode(controller: Controller): void {
    this.#to = decoding(this.#to)
    // It stands between the handler and the connection from now on.
    this.#to.onRequestStart?.(this.#controller ?? controller, this.#context)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#to.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Controller, trailers: AnswerHeaders): void {
    this.#to.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Controller, error: Error): void {
    this.#to.onResponseError?.(controller, error)
  }
}
