import type { Estimate, Outcome, Tokens } from "@sluice/events/field.ts"
import type { RequestCompleted } from "@sluice/events/ingress.ts"
import type { Meaning } from "@sluice/ingress/providers/classification/classification.ts"

/** A request as the log tells of it. */
export type RecordedRequest = Pick<
  RequestCompleted,
  | "request"
  | "client"
  | "protocol"
  | "model"
  | "pool"
  | "session"
  | "sessionSource"
  | "arrivedAt"
  | "deadlineMs"
  | "estimate"
  | "attempts"
  | "status"
  | "code"
  | "waitMs"
  | "totalMs"
>

/** What an attempt used. */
export interface RecordedUsage {
  readonly tokens: Tokens
  /** True if those are the provider's last figures. */
  readonly complete: boolean
  readonly costNanoUsd: number
}

/**
 * One try at one account as the log tells of it.
 *
 * Units: `startedAt` since the epoch; `tookMs` from its sending to the end of its answer, without the time for which its slot was held longer.
 */
export interface RecordedAttempt {
  /** Its place in the order of their beginning. */
  readonly place: number
  readonly request: string
  readonly channel: string
  readonly account: string
  readonly model: string
  readonly estimate: Estimate
  readonly startedAt: number
  readonly tookMs: number
  readonly ttftMs: number | null
  readonly outcome: Outcome
  readonly status: number
  readonly usage: RecordedUsage | null
  /** What an answer said that was no success; a reset is told from `startedAt` plus `tookMs` on. */
  readonly meaning: Meaning | null
}

/** When an answer had come. Units: since the epoch. */
export const heardAt = ({ startedAt, tookMs }: Pick<RecordedAttempt, "startedAt" | "tookMs">): number =>
  startedAt + tookMs

/** True if the provider said no, or failed, before it took the attempt. */
export const isRefused = ({ outcome, status }: Pick<RecordedAttempt, "outcome" | "status">): boolean =>
  outcome === "rate_limited" || outcome === "upstream_error" || (outcome === "timeout" && status === 0)
