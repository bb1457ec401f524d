import type { Figures, WireProtocol } from "./protocols/protocol.ts"
import type { Relay, RelaySink } from "./relay.ts"
import { keptAfterEndBytes } from "./sse.ts"
import { WrittenTokens } from "./written.ts"

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/**
 * Passes a stream on that comes as one JSON list, item by item, and holds back the item that is its end. Where the body is no list, it is one item.
 *
 * An error has no place in such a body: it is cut.
 * Source: D3.
 */
export class ListRelay implements Relay {
  readonly #protocol: WireProtocol
  readonly #sink: RelaySink
  #depth = 0
  /** The depth at which an item ends; known from the first bracket on. */
  #itemDepth = -1
  #inString = false
  #escaped = false
  /** The item that has begun, with what stands before it. */
  #item: Buffer[] = []
  #itemBytes = 0
  #afterEndBytes = 0
  /** True while an item that is too long to be held goes on in pieces. */
  #passing = false
  #ended = false
  #concluded = false
  readonly #written = new WrittenTokens()
  figures: Figures | undefined
  failed = false
  readonly errorPrefix = undefined
  readonly lengthBytes = undefined

  constructor(protocol: WireProtocol, sink: RelaySink) {
    this.#protocol = protocol
    this.#sink = sink
  }

  data(chunk: Buffer): void {
    let kept = 0
    for (let at = 0; at < chunk.length && !this.#ended; at += 1) {
      if (!this.#endsItem(chunk[at])) continue
      this.#keep(chunk.subarray(kept, at + 1))
      kept = at + 1
      this.#takeItem()
    }
    if (this.#ended) {
      this.#keepAfterEnd(chunk.subarray(kept))
      return this.#conclude(true)
    }
    this.#keep(chunk.subarray(kept))
    if (this.#itemBytes > this.#protocol.heldEventBytes) {
      this.#passing = true
      this.#written.addUnread(this.#itemBytes)
      this.#pass()
    }
  }

  /** Follows the brackets. Returns whether an item is over with this byte. */
  #endsItem(byte: number | undefined): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === backslash) this.#escaped = true
      else if (byte === quote) this.#inString = false
      return false
    }
    if (byte === quote) this.#inString = true
    else if (byte === openBrace || byte === openBracket) {
      if (this.#itemDepth === -1) this.#itemDepth = byte === openBracket ? 1 : 0
      this.#depth += 1
    } else if (byte === closeBrace || byte === closeBracket) {
      this.#depth -= 1
      return byte === closeBrace && this.#depth === this.#itemDepth
    }
    return false
  }

  #keepAfterEnd(bytes: Buffer): void {
    const kept = bytes.subarray(0, keptAfterEndBytes - this.#afterEndBytes)
    this.#afterEndBytes += kept.length
    this.#keep(kept)
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#item.push(bytes)
    this.#itemBytes += bytes.length
  }

  #takeItem(): void {
    const text = this.#passing ? "" : Buffer.concat(this.#item).toString("latin1")
    this.#passing = false
    const item = text.slice(text.indexOf("{"))
    const kind = this.#protocol.eventKind(item)
    if (kind === "text") this.#written.add(item)
    if (kind === "error" || kind === "failure") this.failed = true
    if (kind === "usage" || kind === "end" || kind === "failure")
      this.figures = this.#protocol.readFigures(parse(item), this.figures)
    this.#ended = kind === "end" || kind === "failure"
    if (!this.#ended) this.#pass()
  }

  #pass(): void {
    for (const bytes of this.#item) this.#sink.forward(bytes)
    this.#item = []
    this.#itemBytes = 0
  }

  #conclude(whole: boolean): void {
    if (this.#concluded) return
    this.#concluded = true
    this.#sink.conclude(whole)
  }

  end(): void {
    this.#conclude(this.#depth === 0)
  }

  get writtenTokens(): number {
    return this.#written.tokens
  }

  takeTail(): Buffer | undefined {
    const [first] = this.#item
    return this.#item.length > 1 ? Buffer.concat(this.#item) : first
  }

  get tailBytes(): number {
    return this.#itemBytes
  }
}

const parse = (item: string): unknown => {
  try {
    return JSON.parse(item)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
