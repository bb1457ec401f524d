import { GatheredBody } from "../http/gathered-body.ts"
import { JsonScan } from "../json/scan.ts"
import type { Figures, WireProtocol } from "../providers/protocol.ts"
import { WrittenTokens } from "../usage/written.ts"
import type { Relay, RelaySink } from "./relay.ts"
import { keptAfterEndBytes, longestReadText } from "./sse.ts"

const openBrace = 0x7b
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
  /** Whether a list has begun, and whether it is still open. */
  #isList = false
  #isOpen = false
  /** Reads the item that has begun. */
  #scan: JsonScan | undefined
  /** The item that has begun, with what stands before it. */
  #item = new GatheredBody(0)
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
    let at = 0
    while (at < chunk.length && !this.#ended) {
      at = this.#scan === undefined ? this.#between(chunk, at) : at + this.#scan.feed(chunk.subarray(at))
      // What is no JSON passes unread, and has no end.
      if (this.#scan?.problem !== undefined) at = chunk.length
      if (this.#scan?.isWhole !== true) continue
      this.#keep(chunk.subarray(kept, at))
      kept = at
      this.#takeItem(this.#scan)
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

  /** Looks for the next item. Returns where it begins, or the end of the chunk. */
  #between(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === openBrace) {
        this.#scan = new JsonScan(this.#protocol.answered, { stopsAtEnd: true })
        return at
      }
      if (byte === openBracket) {
        this.#isList = true
        this.#isOpen = true
      } else if (byte === closeBracket) this.#isOpen = false
    }
    return chunk.length
  }

  #keepAfterEnd(bytes: Buffer): void {
    const kept = bytes.subarray(0, keptAfterEndBytes - this.#afterEndBytes)
    this.#afterEndBytes += kept.length
    this.#keep(kept)
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#item.add(bytes)
    this.#itemBytes += bytes.length
  }

  #takeItem({ json }: JsonScan): void {
    this.#scan = undefined
    if (this.#passing) {
      this.#passing = false
      return this.#pass()
    }
    const kind = this.#protocol.kindOfRead(json, "")
    if (kind === "text") this.#addText()
    if (kind === "error" || kind === "failure") this.failed = true
    if (kind === "usage" || kind === "end" || kind === "failure")
      this.figures = this.#protocol.readFigures(json, this.figures)
    this.#ended = kind === "end" || kind === "failure"
    if (!this.#ended) this.#pass()
  }

  #addText(): void {
    if (this.#itemBytes > longestReadText) this.#written.addUnread(this.#itemBytes)
    else this.#written.add(this.#item.whole().toString("latin1"))
  }

  #pass(): void {
    if (this.#itemBytes > 0) this.#sink.forward(this.#item.whole())
    this.#item.drop()
    this.#itemBytes = 0
  }

  #conclude(whole: boolean): void {
    if (this.#concluded) return
    this.#concluded = true
    this.#sink.conclude(whole)
  }

  end(): void {
    this.#conclude(this.#scan === undefined && !(this.#isList && this.#isOpen))
  }

  get writtenTokens(): number {
    return this.#written.tokens
  }

  takeTail(): Buffer | undefined {
    return this.#itemBytes === 0 ? undefined : this.#item.whole()
  }

  get tailBytes(): number {
    return this.#itemBytes
  }
}
