import type { AttemptSummary, RequestCompleted } from "@sluice/events/ingress.ts"
import type { Demand } from "@sluice/simulation/demand.ts"

/** How a request ended, as far as a simulation knows. */
export interface CompletedRequest {
  readonly request: string
  readonly arrivedAt: number
  readonly now: number
  readonly attempts: ReadonlyArray<AttemptSummary>
  readonly status: number
  readonly code: string
}

/** Says of a request what the log keeps of it. */
export const completedRequest = (
  { client, protocol, model, pool, estimate, deadlineMs }: Demand,
  { now, ...ended }: CompletedRequest,
): Omit<RequestCompleted, "actor" | "type" | "at"> => ({
  ...ended,
  client,
  protocol,
  path: "",
  model,
  pool,
  streaming: true,
  deadlineMs,
  estimate,
  maxTokens: null,
  candidates: [],
  channel: ended.attempts.at(-1)?.channel ?? "",
  account: ended.attempts.at(-1)?.account ?? "",
  waitMs: 0,
  ttftMs: null,
  totalMs: now - ended.arrivedAt,
  bytesIn: 0,
  bytesOut: 0,
})
