import type { AccountFact } from "@sluice/events/account.ts"
import { isAdaptive } from "@sluice/events/adaptive-limit.ts"
import type { Classification } from "@sluice/events/field.ts"
import type { AccountContext, AccountLease } from "./account-context.ts"
import { adjusted, learn, type Learning, observe } from "./learning.ts"
import { unchanged } from "./live-actor.ts"

type Of<T extends AccountFact["type"]> = Extract<AccountFact, { type: T }>
type Change = Partial<AccountContext>

/** So many rejections in a row of which nobody knows the kind are not one too many in flight. Source: C3. */
const unknownsMax = 3

/** What an account remembers of rejections, for whoever asks. Source: S6. */
export interface RejectionCounts {
  readonly concurrency: number
  /** Those for requests or tokens a minute. */
  readonly rate: number
  readonly lastAt: number | null
  readonly lastType: Classification | null
}

/** What an account remembers of the changes of its limit. Source: S6. */
export interface Adjustments {
  readonly count: number
  /** The last five, the newest last. */
  readonly recent: ReadonlyArray<Pick<Of<"account.limit_adjusted">, "at" | "from" | "to" | "reason">>
}

const recentMax = 5

/** What is remembered of nothing. */
export const noRejections: RejectionCounts = { concurrency: 0, rate: 0, lastAt: null, lastType: null }
export const noAdjustments: Adjustments = { count: 0, recent: [] }

/** Gives what an account learns its limit by, where it does. Source: A3. */
export const learningOf = ({ mode, learning }: AccountContext): Learning | null =>
  isAdaptive(mode) ? learning : null

/**
 * Tells whether a rejection says that one too many was in flight. On an account that learns, one of which nothing says the kind does, unless three came in a row or nothing else was in flight.
 *
 * Source: C3, F2.
 */
export const isOfLimit = (account: AccountContext, classification: Classification): boolean => {
  if (classification === "concurrency") return true
  if (classification !== "unknown" || learningOf(account) === null) return false
  return account.unknowns + 1 < unknownsMax && account.leases.size > 1
}

/** What the sending of an attempt tells. Source: F1. */
export const learnFromSent = (account: AccountContext, fact: Of<"account.acquired">): Change => {
  const learning = learningOf(account)
  if (learning === null) return unchanged
  const { lease, inFlight: level, at } = fact
  return { learning: observe(learning, { kind: "sent", lease, level, sentAt: at, at }, null) }
}

/** What it tells that the upstream took an attempt. Source: F1. */
export const learnFromAccepted = (
  account: AccountContext,
  { lease, level, acquiredAt: sentAt }: AccountLease,
  at: number,
): Change => {
  const learning = learningOf(account)
  if (learning === null) return unchanged
  return { learning: observe(learning, { kind: "accepted", lease, level, sentAt, at }, null), unknowns: 0 }
}

/** What the end of an attempt tells. Source: F1, F2. */
export const learnFromEnd = (
  account: AccountContext,
  { lease, level, acquiredAt: sentAt, accepted }: AccountLease,
  fact: Of<"account.released" | "account.expired">,
): Change => {
  const learning = learningOf(account)
  if (learning === null) return unchanged
  const { at, inFlight } = fact
  const of = { lease, level, sentAt, at, inFlight }
  const release = fact.type === "account.released" ? fact : undefined
  const { classification } = release ?? {}
  if (classification !== undefined && isOfLimit(account, classification)) {
    const { jitter = 0, retryAfterMs = null } = release ?? {}
    const isUnknown = classification === "unknown"
    return {
      learning: observe(
        learning,
        { ...of, kind: "rejected", jitter, retryAfterMs, isUnknown },
        classification,
      ),
    }
  }
  const isOk = release?.outcome === "ok" && !accepted
  const ended = { ...of, kind: "ended", holdMs: at - sentAt, isOk } as const
  return { learning: observe(learning, ended, null) }
}

/** Counts rejections. Source: S6. */
export const countRejection = (
  { rejections, unknowns }: AccountContext,
  { classification, outcome, at }: Of<"account.released">,
): Change => {
  if (classification === undefined) return outcome === "ok" && unknowns > 0 ? { unknowns: 0 } : unchanged
  return {
    unknowns: classification === "unknown" ? unknowns + 1 : unknowns,
    rejections: {
      concurrency: rejections.concurrency + (classification === "concurrency" ? 1 : 0),
      rate: rejections.rate + (classification === "requests" || classification === "tokens" ? 1 : 0),
      lastAt: at,
      lastType: classification,
    },
  }
}

/** Makes another kind of limit the one in force; what was learned is kept, for the day when it is asked for again. Source: S6. */
export const takeMode = ({ learning }: AccountContext, mode: AccountContext["mode"]): Change =>
  isAdaptive(mode)
    ? { mode, learning: learn(mode.adaptive, learning), lowered: null }
    : { mode, lowered: null }

/** What an adjustment makes of the limit, and of what is remembered of it. Source: F3, C3. */
export const takeAdjustment = (account: AccountContext, fact: Of<"account.limit_adjusted">): Change => {
  const { mode, adjustments } = account
  const { from, to, reason, at } = fact
  const learning = learningOf(account)
  const remembered = {
    adjustments: {
      count: adjustments.count + 1,
      recent: [...adjustments.recent.slice(1 - recentMax), { at, from, to, reason }],
    },
  }
  if (learning !== null) return { ...remembered, learning: adjusted(learning, to) }
  const isWhole = isAdaptive(mode) || mode === null || to >= mode
  return { ...remembered, lowered: isWhole ? null : { limit: to, since: at } }
}

/** Begins to learn anew; the number of adjustments stays. Source: S6. */
export const forgetLearning = ({ mode, adjustments }: AccountContext): Change => ({
  rejections: noRejections,
  adjustments: { ...adjustments, recent: [] },
  unknowns: 0,
  learning: isAdaptive(mode) ? learn(mode.adaptive) : null,
})
