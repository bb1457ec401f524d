import type { AnswerHeaders } from "./classification/classification.ts"
import { EchoMask } from "./credential-echo.ts"
import { parseJson } from "./json.ts"
import { ListRelay } from "./list-relay.ts"
import { MaskedRelay } from "./masked-relay.ts"
import { JsonScan } from "./protocols/json-scan.ts"
import type { Figures, WireProtocol } from "./protocols/protocol.ts"
import { EventFramer } from "./sse.ts"
import { tokensIn } from "./written.ts"

/** Where a relay brings what it lets through. */
export interface RelaySink {
  /** A part of the body that may go to the client now. */
  forward(chunk: Buffer): void
  /** All but what is held back has come. `whole` is false for a stream without its end. */
  conclude(whole: boolean): void
}

/** Passes the body of a successful answer on and holds its end back until the usage is in the log. Source: D3. */
export interface Relay {
  data(chunk: Buffer): void
  /** The upstream's body has ended as HTTP says that it should. */
  end(): void
  /** Gives the end that was held back. */
  takeTail(): Buffer | undefined
  readonly tailBytes: number
  readonly figures: Figures | undefined
  /** How many tokens seem to have come, by the size of what did. Source: D4. */
  readonly writtenTokens: number
  /** Whether the upstream put an error into its answer. */
  readonly failed: boolean
  /** Whether errors can be put into the body, and what has to stand before one. */
  readonly errorPrefix: string | undefined
  /** The length of the whole body as it will be sent; `undefined` where it is not known. */
  readonly lengthBytes: number | undefined
}

/** Passes an event stream on, event by event. */
export class EventRelay implements Relay {
  readonly #framer: EventFramer
  readonly #sink: RelaySink
  #concluded = false
  readonly lengthBytes = undefined

  constructor(protocol: WireProtocol, stripsUsage: boolean, sink: RelaySink) {
    this.#framer = new EventFramer(protocol, stripsUsage)
    this.#sink = sink
  }

  data(chunk: Buffer): void {
    const passed = this.#framer.feed(chunk)
    if (passed !== undefined) this.#sink.forward(passed)
    if (this.#framer.ended && !this.#concluded) {
      this.#concluded = true
      this.#sink.conclude(true)
    }
  }

  end(): void {
    if (this.#concluded) return
    this.#concluded = true
    this.#sink.conclude(this.#framer.finish())
  }

  takeTail(): Buffer | undefined {
    return this.#framer.takeHeld()
  }

  get tailBytes(): number {
    return this.#framer.heldBytes
  }

  get figures(): Figures | undefined {
    return this.#framer.figures
  }

  get writtenTokens(): number {
    return this.#framer.writtenTokens
  }

  get failed(): boolean {
    return this.#framer.failed
  }

  get errorPrefix(): string {
    return this.#framer.insideEvent ? "\n\n" : ""
  }
}

const collectedBytes = 64 * 1024
/** So much is parsed at once in less time than it is scanned, and too soon for anybody else to wait for it. */
const parsedBytes = 16 * 1024

/**
 * Passes any other body on. A small one is collected and goes out in one piece with its length; of a larger one the newest chunk waits.
 *
 * Its figures are read as it comes, however long it is; what is no JSON is booked by its size.
 */
export class BodyRelay implements Relay {
  readonly #protocol: WireProtocol
  readonly #sink: RelaySink
  readonly #declaredBytes: number | undefined
  /** Of a body that is too large to be parsed at once. */
  #scan: JsonScan | undefined
  #chunks: Buffer[] = []
  #bytes = 0
  #streams = false
  #held: Buffer | undefined
  figures: Figures | undefined
  readonly failed = false
  readonly errorPrefix = undefined

  constructor(protocol: WireProtocol, declaredBytes: number | undefined, sink: RelaySink) {
    this.#protocol = protocol
    this.#declaredBytes = declaredBytes
    this.#sink = sink
  }

  data(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > parsedBytes) this.#scanOn(chunk)
    if (this.#streams) {
      if (this.#held !== undefined) this.#sink.forward(this.#held)
      this.#held = chunk
    } else if (this.#bytes <= collectedBytes) this.#chunks.push(chunk)
    else {
      this.#streams = true
      for (const earlier of this.#chunks) this.#sink.forward(earlier)
      this.#chunks = []
      this.#held = chunk
    }
  }

  #scanOn(chunk: Buffer): void {
    if (this.#scan === undefined) {
      this.#scan = new JsonScan(this.#protocol.answered)
      for (const earlier of this.#chunks) this.#scan.feed(earlier)
    }
    this.#scan.feed(chunk)
  }

  end(): void {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    const json = this.#json
    if (json !== undefined) this.figures = this.#protocol.readFigures(json, undefined)
    this.#sink.conclude(true)
  }

  get #json(): unknown {
    if (this.#scan === undefined) return parseJson(this.#chunks[0] ?? "")
    const { isWhole, problem, json } = this.#scan
    return isWhole && problem === undefined ? json : undefined
  }

  takeTail(): Buffer | undefined {
    return this.#streams ? this.#held : this.#chunks[0]
  }

  get tailBytes(): number {
    return this.takeTail()?.length ?? 0
  }

  get writtenTokens(): number {
    return tokensIn(this.#bytes)
  }

  get lengthBytes(): number | undefined {
    return this.#streams ? this.#declaredBytes : this.#bytes
  }
}

/** What an attempt says of the relay that it needs. */
export interface RelayOptions {
  readonly stripsUsage: boolean
  readonly sink: RelaySink
  /** The account's, which no client may see. */
  readonly credential: string
}

/** Opens the relay that the type of an answer asks for. What came in a coding that is not known cannot be followed and passes as a body. */
export const openRelay = (
  protocol: WireProtocol,
  headers: AnswerHeaders,
  { stripsUsage, sink, credential }: RelayOptions,
): Relay => {
  const isPlain = (headers["content-encoding"] ?? "identity") === "identity"
  const relay = isPlain
    ? relayOf(protocol, headers, { stripsUsage, sink })
    : bodyRelay(protocol, headers, sink)
  // Also where a coding is named: the bytes need not be coded at all.
  const mask = EchoMask.for(credential)
  return mask === undefined ? relay : new MaskedRelay(relay, mask)
}

const relayOf = (
  protocol: WireProtocol,
  headers: AnswerHeaders,
  { stripsUsage, sink }: Pick<RelayOptions, "stripsUsage" | "sink">,
): Relay => {
  const type = headers["content-type"]
  if (typeof type !== "string") return bodyRelay(protocol, headers, sink)
  if (type.startsWith("text/event-stream")) return new EventRelay(protocol, stripsUsage, sink)
  if (protocol.streamsLists && type.startsWith("application/json")) return new ListRelay(protocol, sink)
  return bodyRelay(protocol, headers, sink)
}

const bodyRelay = (protocol: WireProtocol, headers: AnswerHeaders, sink: RelaySink): Relay => {
  const length = headers["content-length"]
  return new BodyRelay(protocol, typeof length === "string" ? Number(length) : undefined, sink)
}
