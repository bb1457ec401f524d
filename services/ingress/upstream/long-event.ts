import { JsonScan } from "../json/scan.ts"
import { eventName } from "../providers/event-name.ts"
import type { EventKind, WireProtocol } from "../providers/protocol.ts"

const newline = 0x0a
const dataLine = "data:"
const headBytes = 1_024
const noName = { has: () => false }

/** Reads a long event as it comes, so that no turn has to read all of it. */
export class LongEvent {
  readonly #protocol: WireProtocol
  readonly #scan: JsonScan
  #head = ""
  /** The begin of a line of which it is not known yet whether it holds data; `undefined` inside of one. */
  #lineBegin: string | undefined = ""
  #isData = false
  /** How much of it was read. */
  readBytes = 0

  constructor(protocol: WireProtocol) {
    this.#protocol = protocol
    this.#scan = new JsonScan(protocol.answered)
  }

  /** Reads on. */
  feed(bytes: Buffer): void {
    this.readBytes += bytes.length
    if (this.#head.length < headBytes)
      this.#head += bytes.toString("latin1", 0, headBytes - this.#head.length)
    let at = 0
    while (at < bytes.length)
      at = this.#lineBegin === undefined ? this.#line(bytes, at) : this.#begin(bytes, at)
  }

  #begin(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number
    this.#lineBegin = byte === newline ? "" : this.#lineBegin + String.fromCharCode(byte)
    this.#isData = this.#lineBegin === dataLine
    if (this.#isData || !dataLine.startsWith(this.#lineBegin)) this.#lineBegin = undefined
    return at + 1
  }

  #line(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(newline, at)
    const end = found === -1 ? bytes.length : found
    if (this.#isData) this.#scan.feed(bytes.subarray(at, end))
    if (found === -1) return end
    this.#lineBegin = ""
    return found + 1
  }

  /** The members of its data that are read; `undefined` where that is not JSON. */
  get json(): unknown {
    const { isWhole, problem, json } = this.#scan
    return isWhole && problem === undefined ? json : undefined
  }

  /** What it means. */
  get kind(): EventKind {
    return this.#protocol.kindOfRead(this.json, eventName(this.#head, noName))
  }
}
