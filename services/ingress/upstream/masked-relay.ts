import type { Figures } from "../providers/protocol.ts"
import type { EchoMask } from "./credential-echo.ts"
import type { Relay } from "./relay.ts"

/** Masks the account's credential in what another relay passes on. */
export class MaskedRelay implements Relay {
  readonly #inner: Relay
  readonly #mask: EchoMask

  constructor(inner: Relay, mask: EchoMask) {
    this.#inner = inner
    this.#mask = mask
  }

  data(chunk: Buffer): void {
    const passed = this.#mask.take(chunk)
    if (passed.length > 0) this.#inner.data(passed)
  }

  end(): void {
    const rest = this.#mask.rest()
    if (rest !== undefined) this.#inner.data(rest)
    this.#inner.end()
  }

  takeTail(): Buffer | undefined {
    return this.#inner.takeTail()
  }

  get tailBytes(): number {
    return this.#inner.tailBytes
  }

  get figures(): Figures | undefined {
    return this.#inner.figures
  }

  get writtenTokens(): number {
    return this.#inner.writtenTokens
  }

  get failed(): boolean {
    return this.#inner.failed
  }

  get errorPrefix(): string | undefined {
    return this.#inner.errorPrefix
  }

  get lengthBytes(): number | undefined {
    return this.#inner.lengthBytes
  }
}
