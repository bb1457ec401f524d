import { type Outcome, OutcomeCount } from "../outcome.ts"
import type { Recording } from "./recording.ts"

/** Sums up what was recorded. */
export const recordedOutcome = ({ requests, attempts, uses }: Recording): Outcome => {
  const count = new OutcomeCount()
  for (const request of requests) count.take(request)
  const wanted = new Set(requests.map(({ request }) => request))
  for (const { request, usage } of attempts)
    if (wanted.has(request)) count.costNanoUsd += usage?.costNanoUsd ?? 0
  return count.outcome(uses)
}
