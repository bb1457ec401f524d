import type { ServerResponse } from "node:http"

/** A whole body of up to so much goes out as text, byte for byte, in one piece with its headers: gathering the two costs an exchange a sixth more. */
const onePieceBytes = 16 * 1024

/** What a reply tells the request that it answers. */
export interface ReplyEvents {
  /** The client can take more again. */
  onDrain(): void
  /** The client has closed before the end. */
  onGone(): void
  /** The answer has left this process, or its connection is closed. */
  onClosed(): void
}

/** The answer to one client: begun once, ended once, and silent when the client has left. */
export class Reply {
  readonly #response: ServerResponse
  readonly #events: ReplyEvents
  readonly #stallMs: number
  #stall: NodeJS.Timeout | undefined
  #listensForDrain = false
  /** True if the status line has gone out. */
  begun = false
  ended = false
  gone = false
  /** How much of the body was given to the client. */
  bytesOut = 0

  constructor(response: ServerResponse, events: ReplyEvents, stallMs: number) {
    this.#response = response
    this.#events = events
    this.#stallMs = stallMs
    response.on("close", () => {
      clearTimeout(this.#stall)
      if (!this.ended) {
        this.gone = true
        this.ended = true
        events.onGone()
      }
      events.onClosed()
    })
  }

  /** Lets the connection end with this answer, if its headers are still here. */
  closeConnection(): void {
    if (!this.begun) this.#response.shouldKeepAlive = false
  }

  /** Sends the status line and the headers together with what follows. */
  begin(status: number, headers: string[]): void {
    this.begun = true
    this.#response.writeHead(status, headers)
  }

  /** Sends a part of the body. Returns false when the client takes no more for now; `onDrain` follows, or the client is cut for being too slow (S9). */
  write(chunk: Buffer): boolean {
    this.bytesOut += chunk.length
    if (this.#response.write(chunk)) return true
    this.#awaitDrain()
    return false
  }

  /** Sends the last part of the body and ends it. */
  end(tail: Buffer | string | undefined): void {
    if (this.ended) return
    this.ended = true
    if (tail === undefined) this.#response.end()
    else if (tail instanceof Buffer && this.bytesOut === 0 && tail.length <= onePieceBytes)
      this.#response.end(tail.toString("latin1"), "latin1")
    else this.#response.end(tail)
  }

  /** Closes the connection in the middle, so that what was sent does not look complete. */
  cut(): void {
    this.ended = true
    this.#response.destroy()
  }

  #awaitDrain(): void {
    // A client that reads nothing holds a slot: it is cut as one that writes nothing is.
    this.#stall ??= setTimeout(() => this.#response.destroy(), this.#stallMs)
    if (this.#listensForDrain) return
    this.#listensForDrain = true
    this.#response.on("drain", () => {
      clearTimeout(this.#stall)
      this.#stall = undefined
      this.#events.onDrain()
    })
  }
}
