import type { Converged } from "./convergence.ts"

/** What one run came to. */
export interface Figures {
  readonly requests: number
  readonly completed: number
  /** Requests that the proxy turned away: a full queue, a wait that was too long, no account. */
  readonly refused: number
  /** Requests that an upstream's failure ended. */
  readonly failed: number
  /** Requests whose client was told a provider's 429. */
  readonly clientRejections: number
  readonly attempts: number
  /** The provider's 429s. */
  readonly rejections: number
  readonly rejectedPer1000: number
  /** What was used of what an ideal could have used. Units: percent. */
  readonly usePercent: number
  readonly converged: ReadonlyArray<Converged>
  /** How much the limit swings around the true one once it is near it: a standard deviation. Units: percent. */
  readonly swingPercent: number | null
  readonly p95WaitMs: number
}
