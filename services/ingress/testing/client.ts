import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http"
import { setTimeout as delay } from "node:timers/promises"

/** An answer as a client saw it, byte by byte. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** True if it ended as HTTP says that it should. */
  readonly isWhole: boolean
}

/** What a client sends. */
export interface Call {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** A call whose answer is read as it comes. */
export class OpenCall {
  readonly #request: ClientRequest
  readonly #chunks: Buffer[] = []
  #response: IncomingMessage | undefined
  #isOver = false

  constructor(url: string, { path = "/v1/chat/completions", method = "POST", headers = {}, body }: Call) {
    const bytes =
      body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    this.#request = request(new URL(path, url), {
      method,
      agent: false,
      headers: { "content-type": "application/json", ...headers },
    })
    this.#request.on("response", (response) => {
      this.#response = response
      response.on("data", (chunk: Buffer) => this.#chunks.push(chunk))
      response.on("close", () => {
        this.#isOver = true
      })
      response.on("error", () => undefined)
    })
    this.#request.on("error", () => {
      this.#isOver = true
    })
    this.#request.end(bytes)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get hasBegun(): boolean {
    return this.#response !== undefined
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  get response(): IncomingMessage {
    if (this.#response === undefined) throw new Error("no answer has begun")
    return this.#response
  }

  /** Closes the connection without waiting for the rest. */
  leave(): void {
    this.#request.destroy()
  }

  /** Waits for the end and gives the whole answer. Fails: throws when no answer came. */
  async answer(): Promise<Answer> {
    await until(() => this.#isOver, "the answer ends")
    const { statusCode = 0, headers, complete } = this.response
    return { status: statusCode, headers, body: Buffer.concat(this.#chunks), isWhole: complete }
  }
}

/** Calls and waits for the whole answer. */
export const call = (url: string, given: Call): Promise<Answer> => new OpenCall(url, given).answer()

/** Waits until a condition holds. Fails: throws after five seconds. */
export const until = async (condition: () => boolean, what: string, timeoutMs = 5_000): Promise<void> => {
  const end = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`it did not come to pass in ${timeoutMs} ms that ${what}`)
    await delay(2)
  }
}

/** A promise that a test settles when it wants to. */
export const gate = (): { readonly promise: Promise<void>; open(): void; fail(error: Error): void } => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return { promise, open: () => resolve(), fail: reject }
}

/** Lets a request of its own go through the server, so that what was due before it has happened. */
export const roundTrip = async (url: string): Promise<void> => {
  await call(url, { path: "/healthz", method: "GET" })
}
