import { parseJson } from "../json/parse.ts"
import { JsonScan } from "../json/scan.ts"
import type { Figures, WireProtocol } from "../providers/protocol.ts"
import { tokensIn } from "../usage/written.ts"
import type { Relay, RelaySink } from "./relay.ts"

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
