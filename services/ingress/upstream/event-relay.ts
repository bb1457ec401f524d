import type { Figures, WireProtocol } from "../providers/protocol.ts"
import type { Relay, RelaySink } from "./relay.ts"
import { EventFramer } from "./sse.ts"

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
