import type { Outcome } from "@sluice/events/field.ts"

/** How an attempt ended, as far as it tells of its account's health. */
export interface Ended {
  readonly outcome: Outcome
  /** 0 where no status line came. */
  readonly status: number
}

/** So many failures in a row cool an account. Source: C7. */
export const failuresMax = 5

/** So many different bodies that are refused without a success between them suspend an account. Source: C7. */
export const refusalsMax = 3

const overloadedStatus = 529

/** True if an attempt failed: no connection, no answer in time, or a 5xx other than 529. Source: C7. */
export const isFailure = ({ outcome, status }: Ended): boolean =>
  outcome === "timeout" ||
  (outcome === "upstream_error" && (status < 400 || (status >= 500 && status !== overloadedStatus)))

/** True if an upstream has answered at all; a client that leaves says nothing of it. */
export const isAnswer = ({ outcome }: Ended): boolean =>
  outcome === "ok" || outcome === "upstream_error" || outcome === "rate_limited"
