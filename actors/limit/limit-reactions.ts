import type { AccountFact } from "@sluice/events/account.ts"
import { learningOf, type LimitHolder } from "./learned-limit.ts"
import { acceptedUntil, acceptsAt, proposalOf } from "./learning.ts"

type Told<Name extends AccountFact["type"]> = Omit<
  Extract<AccountFact, { type: Name }>,
  "actor" | "type" | "at"
>

/** Returns when a learned limit changes by itself, or an attempt counts as accepted; `null` where neither will. Source: F1, F3. */
export const limitDueAt = (holder: LimitHolder): number | null => {
  const learning = learningOf(holder)
  if (learning === null) return null
  return proposalOf(learning) === null ? acceptsAt(learning) : 0
}

/** What the evidence comes to is enforced by a fact that carries it. Source: F3. */
export const dueAdjustment = (holder: LimitHolder): Told<"account.limit_adjusted"> | undefined => {
  const learning = learningOf(holder)
  const proposal = learning && proposalOf(learning)
  if (learning === null || proposal === null) return undefined
  const { limit: from, inFlight, samples, classification } = learning
  const { limit: to, reason } = proposal
  return { from, to, reason, inFlight, utilization: inFlight / from, samples, classification }
}

/** Attempts that were not rejected in the time that rejections take were accepted. Source: F1. */
export const dueAcceptances = (holder: LimitHolder, now: number): ReadonlyArray<Told<"account.accepted">> => {
  const learning = learningOf(holder)
  return (learning === null ? [] : acceptedUntil(learning, now)).flatMap((lease) => {
    const held = holder.leases.get(lease)
    if (held === undefined) return []
    const { request, attempt, acquiredAt } = held
    return [{ request, attempt, lease, ttfbMs: now - acquiredAt, by: "time" as const }]
  })
}
