import type { Figures } from "../providers/protocol.ts"

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
  /** Returns the end that was held back. */
  takeTail(): Buffer | undefined
  readonly tailBytes: number
  readonly figures: Figures | undefined
  /** How many tokens seem to have come, by the size of what did. Source: D4. */
  readonly writtenTokens: number
  /** True if the upstream put an error into its answer. */
  readonly failed: boolean
  /** Whether errors can be put into the body, and what has to stand before one. */
  readonly errorPrefix: string | undefined
  /** The length of the whole body as it will be sent; `undefined` where it is not known. */
  readonly lengthBytes: number | undefined
}
