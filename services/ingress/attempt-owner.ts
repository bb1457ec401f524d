import type { Attempt } from "./attempt.ts"
import type { AttemptFailure, Cause } from "./failure.ts"
import type { Expected } from "./metering.ts"
import type { WireProtocol } from "./protocols/protocol.ts"

/** How an answer ended of which the client has seen something, or would have if it had stayed. */
export type Ending = "whole" | Cause

/** What an attempt is to carry. */
export interface Carried {
  /** What the client sent. */
  readonly body: Buffer
  /** What it is expected to use. */
  readonly expected: Expected
  /** Whether usage is asked for in the stream that the client did not ask for. Source: D1. */
  readonly addsUsage: boolean
}

/** What an attempt needs of the request that it serves. */
export interface AttemptOwner {
  readonly protocol: WireProtocol
  /** Whether the client has left. */
  readonly hasLeft: boolean
  dispatch(attempt: Attempt): void
  /** Sends a part of the answer to the client, after its headers. Returns false when the client takes no more for now. */
  forward(attempt: Attempt, chunk: Buffer): boolean
  /** Whether the client has seen anything of the answer. */
  readonly hasBegun: boolean
  concluded(attempt: Attempt, ending: Ending): void
  failed(attempt: Attempt, failure: AttemptFailure): void
  defect(error: unknown): void
}
