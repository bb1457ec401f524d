import { GatheredBody } from "../http/gathered-body.ts"
import { type Figures, type WireProtocol } from "../providers/protocol.ts"
import { WrittenTokens } from "../usage/written.ts"
import { LongEvent } from "./long-event.ts"

/** So much of what comes after the end goes on with it; the rest is dropped, as nobody reads it and it may be without end. */
export const keptAfterEndBytes = 64 * 1024

/** From here on an event that is held is only put together when its end has come. */
const gatheredBytes = 64 * 1024

/** What is longer is read as it comes, and only in part. */
export const longestReadText = gatheredBytes

/**
 * Follows the events of a stream as its bytes come, and lets all of them go on but the end event and, where the client did not ask for it, the usage.
 *
 * Bytes are kept or passed as they are and read byte by byte (latin1), so a character that is split over two chunks, or that is no UTF-8 at all, comes out as it went in.
 * Source: D1, D3; the event stream format of the HTML standard, with LF and CRLF as line ends.
 */
export class EventFramer {
  readonly #protocol: WireProtocol
  readonly #stripsUsage: boolean
  /** The begin of an event whose end has not come yet. */
  #partial: Buffer | undefined
  /** How much of it is known to hold no boundary. */
  #searched = 0
  /** Holds all of it once it is long. */
  #gathered: GatheredBody | undefined
  /** Reads the event whose end has not come yet, since it is long. */
  #long: LongEvent | undefined
  /** True while an event that is too long to be held goes on in pieces. */
  #passing = false
  #held: Buffer[] = []
  #afterEndBytes = 0
  #lastEvent = ""
  readonly #written = new WrittenTokens()
  /** What the stream has told of its usage. */
  figures: Figures | undefined
  /** True from the end event on. */
  ended = false
  /** True when the upstream has put an error into the stream. */
  failed = false

  constructor(protocol: WireProtocol, stripsUsage: boolean) {
    this.#protocol = protocol
    this.#stripsUsage = stripsUsage
  }

  /** True when the bytes that went on stop inside of an event. */
  get insideEvent(): boolean {
    return this.#passing
  }

  /** How many tokens seem to have come. */
  get writtenTokens(): number {
    return this.#written.tokens
  }

  /** Takes the next bytes and gives those that may go on now. */
  feed(chunk: Buffer): Buffer | undefined {
    if (this.ended) {
      this.#keepAfterEnd(chunk)
      return undefined
    }
    if (this.#gathers(chunk)) return undefined
    const bytes = this.#whole(chunk)
    const text = bytes.toString("latin1")
    let passed: Buffer | undefined
    let start = 0
    let kept = 0
    let end = boundaryAfter(text, this.#searched)
    while (end !== -1) {
      const event = start === 0 && end === text.length ? text : text.slice(start, end)
      const kind = this.#take(event, bytes.subarray(start, end))
      if (kind !== "pass") {
        passed = join(passed, bytes.subarray(kept, start))
        kept = end
      }
      if (kind === "end") {
        this.#held.push(bytes.subarray(start, end))
        this.#keepAfterEnd(bytes.subarray(end))
        this.#partial = undefined
        return passed
      }
      start = end
      end = boundaryAfter(text, start)
    }
    return this.#keepRest(bytes, kept, start, passed)
  }

  #keepAfterEnd(chunk: Buffer): void {
    const kept = chunk.subarray(0, keptAfterEndBytes - this.#afterEndBytes)
    if (kept.length === 0) return
    this.#afterEndBytes += kept.length
    this.#held.push(kept)
  }

  /** Puts a chunk aside that only goes on with a long event, so that the event is not copied with every one of them. */
  #gathers(chunk: Buffer): boolean {
    const partial = this.#partial
    if (partial === undefined || this.#passing || partial.length < gatheredBytes) return false
    if (partial.length + chunk.length > this.#protocol.heldEventBytes) return false
    if (boundaryAfter(Buffer.concat([partial.subarray(-3), chunk]).toString("latin1"), 0) !== -1) return false
    this.#long ??= new LongEvent(this.#protocol)
    this.#long.feed(partial.subarray(this.#long.readBytes))
    this.#long.feed(chunk)
    if (this.#gathered === undefined) {
      this.#gathered = new GatheredBody(0)
      this.#gathered.add(partial)
    }
    this.#gathered.add(chunk)
    this.#partial = this.#gathered.whole()
    this.#searched = this.#partial.length - 3
    return true
  }

  /** Puts the event that has begun together with what comes next. */
  #whole(chunk: Buffer): Buffer {
    if (this.#partial === undefined) return chunk
    const gathered = this.#gathered
    if (gathered === undefined) return Buffer.concat([this.#partial, chunk])
    this.#gathered = undefined
    gathered.add(chunk)
    return gathered.whole()
  }

  /** Reads one whole event. */
  #take(event: string, bytes: Buffer): "pass" | "strip" | "end" {
    const isLong = event.length > longestReadText
    const long = this.#passing || !isLong ? undefined : (this.#long ?? new LongEvent(this.#protocol))
    this.#long = undefined
    if (this.#passing) {
      this.#passing = false
      return "pass"
    }
    long?.feed(bytes.subarray(long.readBytes))
    this.#lastEvent = event
    const kind = long?.kind ?? this.#protocol.eventKind(event)
    if (kind === "text") {
      if (isLong) this.#written.addUnread(event.length)
      else this.#written.add(event)
      return "pass"
    }
    if (kind === "usage") return this.#readUsage(event, long) ? "strip" : "pass"
    if (kind === "error" || kind === "failure") this.failed = true
    if (kind !== "end" && kind !== "failure") return "pass"
    // Where nothing before it told the last figures, they stand in the end itself.
    if (this.figures?.final !== true) this.#readUsage(event, long)
    this.ended = true
    return "end"
  }

  #readUsage(event: string, long: LongEvent | undefined): boolean {
    const json = long === undefined ? eventJson(event) : long.json
    this.figures = this.#protocol.readFigures(json, this.figures)
    return this.#stripsUsage && this.#protocol.holdsOnlyUsage(json)
  }

  #keepRest(bytes: Buffer, kept: number, start: number, passed: Buffer | undefined): Buffer | undefined {
    const rest = bytes.length - start
    if (rest === 0) {
      this.#partial = undefined
      this.#searched = 0
      return join(passed, kept === 0 ? bytes : bytes.subarray(kept))
    }
    if (rest > this.#protocol.heldEventBytes) this.#passing = true
    // The last bytes may be the first half of a boundary, so they wait even while a long event passes.
    const held = this.#passing ? Math.min(rest, 3) : rest
    if (this.#passing) {
      this.#written.addUnread(rest - held)
      this.#long = undefined
    }
    this.#partial = bytes.subarray(bytes.length - held)
    this.#searched = this.#passing ? 0 : Math.max(0, held - 3)
    return join(passed, bytes.subarray(kept, bytes.length - held))
  }

  /** Takes note that no more bytes come: an event without its blank line counts as one. Returns whether the stream has an end: its own, or an error. */
  finish(): boolean {
    if (this.#partial !== undefined) {
      const last = this.#whole(Buffer.alloc(0))
      this.#take(last.toString("latin1"), last)
      this.#held.push(last)
      this.#partial = undefined
    }
    return this.ended || this.failed || this.#protocol.endsWith(this.#lastEvent)
  }

  /** How much is held back. */
  get heldBytes(): number {
    return this.#held.reduce((bytes, part) => bytes + part.length, 0)
  }

  /** Returns what was held back: the end event and what came right after it. */
  takeHeld(): Buffer | undefined {
    const [first] = this.#held
    const held = this.#held.length > 1 ? Buffer.concat(this.#held) : first
    this.#held = []
    return held
  }
}

const join = (before: Buffer | undefined, bytes: Buffer): Buffer | undefined => {
  if (bytes.length === 0) return before
  return before === undefined ? bytes : Buffer.concat([before, bytes])
}

/** Finds the place after the next empty line, or -1. */
const boundaryAfter = (text: string, from: number): number => {
  for (let at = text.indexOf("\n", from); at !== -1; at = text.indexOf("\n", at + 1)) {
    const next = text.charCodeAt(at + 1)
    if (next === 0x0a) return at + 2
    if (next === 0x0d && text.charCodeAt(at + 2) === 0x0a) return at + 3
  }
  return -1
}

/** Parses the data of an event; `undefined` where it is not JSON. */
const eventJson = (event: string): unknown => {
  let data = ""
  for (const line of event.split("\n")) if (line.startsWith("data:")) data += line.slice("data:".length)
  try {
    return JSON.parse(data)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
