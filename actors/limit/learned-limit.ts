import type { AccountFact } from "@sluice/events/account.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import { isAdaptive, type LimitMode } from "@sluice/events/configuration/adaptive-limit.ts"
import type { Classification } from "@sluice/events/field.ts"
import { unchanged } from "../machine/live-actor.ts"
import type { Leases } from "../rules/leases.ts"
import { adjusted, ceilingOf, ceilingRisesAt, learn, type Learning, observe, resumed } from "./learning.ts"
import type { Limit } from "./limit.ts"

type Of<Name extends string> = Extract<
  ChannelFact | AccountFact,
  { type: `channel.${Name}` | `account.${Name}` }
>

/** So many rejections in a row of which nobody knows the kind are not one too many in flight. Source: C3. */
const unknownsMax = 3

/** What is remembered of rejections, for whoever asks. Source: S6. */
export interface RejectionCounts {
  readonly concurrency: number
  /** Those for requests or tokens a minute. */
  readonly rate: number
  readonly lastAt: number | null
  readonly lastType: Classification | null
}

/** What is remembered of the changes of a limit. Source: S6. */
export interface Adjustments {
  readonly count: number
  /** The last five, the newest last. */
  readonly recent: ReadonlyArray<Pick<Of<"limit_adjusted">, "at" | "from" | "to" | "reason">>
}

const recentMax = 5

/** What is remembered of nothing. */
export const noRejections: RejectionCounts = { concurrency: 0, rate: 0, lastAt: null, lastType: null }
export const noAdjustments: Adjustments = { count: 0, recent: [] }

/** An attempt in flight, as far as it tells something of a limit. */
export interface Sent {
  readonly request: string
  readonly attempt: number
  readonly lease: string
  readonly acquiredAt: number
  /** How many were in flight when it was granted, itself included. Source: F1. */
  readonly level: number
  /** How it is known that the upstream took it, if it is. Source: C6, F1. */
  readonly acceptedBy: "headers" | "time" | null
}

/** What has a limit that may be learned: a channel or an account. Source: A3. */
export interface LimitHolder {
  /** What its limit is: as configured, or as an operator has said since. */
  readonly mode: LimitMode
  /** What was learned of a hidden limit, kept also while the limit is a fixed one. Source: F4. */
  readonly learning: Learning | null
  /** How many rejections of an unknown kind came in a row. Source: C3. */
  readonly unknowns: number
  readonly rejections: RejectionCounts
  readonly adjustments: Adjustments
  readonly leases: Pick<Leases<Sent>, "size" | "get">
  /** The rates that were found out, where any are sought. Source: F7. */
  readonly rates?: { readonly rpm: object | null }
}

type Change = Partial<Pick<LimitHolder, "mode" | "learning" | "unknowns" | "rejections" | "adjustments">>

/** Returns what a limit is learned by, where it is. Source: A3. */
export const learningOf = ({ mode, learning }: Pick<LimitHolder, "mode" | "learning">): Learning | null =>
  isAdaptive(mode) ? learning : null

/** Returns the limit itself, configured or learned, whatever holds it lower for now. Source: A3, F4. */
export const ownLimitOf = ({ mode, learning }: Pick<LimitHolder, "mode" | "learning">): Limit =>
  isAdaptive(mode) ? (learning?.limit ?? null) : mode

/** Returns the number that is configured, or the most that may be learned. Source: A3, A4. */
export const wholeOf = ({ mode, learning }: Pick<LimitHolder, "mode" | "learning">): Limit =>
  isAdaptive(mode) ? (learning?.bounds.max ?? null) : mode

/** Returns how many may be in flight at a time, tests of what is above a learned limit included. Source: F1. */
export const ceilingAt = (holder: LimitHolder, now: number): Limit => {
  const learning = learningOf(holder)
  return learning === null ? ownLimitOf(holder) : ceilingOf(learning, { inFlight: holder.leases.size, now })
}

/** Returns when more may be in flight by itself, or `null`. Source: F1. */
export const risesAt = (holder: LimitHolder): number | null => {
  const learning = learningOf(holder)
  return learning === null ? null : ceilingRisesAt(learning)
}

/** True if an attempt went above a learned limit: it tests what is there. Source: F1. */
export const isTest = (holder: LimitHolder, lease: string): boolean => {
  const learning = learningOf(holder)
  return learning !== null && (holder.leases.get(lease)?.level ?? 0) > learning.limit
}

/** True if it matters for a learned limit that the upstream took an attempt. Source: F1. */
export const isWatched = (holder: LimitHolder, lease: string): boolean =>
  (learningOf(holder)?.pending ?? []).some((one) => one.lease === lease)

/**
 * True if a rejection says that one too many was in flight. Where the limit is learned, one of which nothing says the kind does, unless three came in a row or nothing else was in flight.
 *
 * Source: C3, F2.
 */
export const isOfLimit = (holder: LimitHolder, classification: Classification): boolean => {
  if (classification === "concurrency") return true
  if (classification !== "unknown" || learningOf(holder) === null) return false
  // One that is taken for a rate's is none of the limit's.
  if ((holder.rates?.rpm ?? null) !== null) return false
  return holder.unknowns + 1 < unknownsMax && holder.leases.size > 1
}

/** What the sending of an attempt tells. Source: F1. */
export const learnFromSent = (holder: LimitHolder, fact: Of<"acquired">): Change => {
  const learning = learningOf(holder)
  if (learning === null) return unchanged
  const { lease, inFlight: level, at } = fact
  return { learning: observe(learning, { kind: "sent", lease, level, sentAt: at, at }, null) }
}

/** What it tells that the upstream took an attempt. Source: F1. */
export const learnFromAccepted = (
  holder: LimitHolder,
  { lease, level, acquiredAt: sentAt }: Sent,
  at: number,
): Change => {
  const learning = learningOf(holder)
  if (learning === null) return unchanged
  return { learning: observe(learning, { kind: "accepted", lease, level, sentAt, at }, null), unknowns: 0 }
}

/** What the end of an attempt tells. Source: F1, F2. */
export const learnFromEnd = (
  holder: LimitHolder,
  { lease, level, acquiredAt: sentAt, acceptedBy }: Sent,
  fact: Of<"released" | "expired">,
): Change => {
  const learning = learningOf(holder)
  if (learning === null) return unchanged
  const { at, inFlight } = fact
  const of = { lease, level, sentAt, at, inFlight }
  const release = "outcome" in fact ? fact : undefined
  const { classification } = release ?? {}
  if (classification !== undefined && isOfLimit(holder, classification)) {
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
  const isOk = release?.outcome === "ok" && acceptedBy === null
  const ended = { ...of, kind: "ended", holdMs: at - sentAt, isOk } as const
  return { learning: observe(learning, ended, null) }
}

/** Counts rejections. Source: S6. */
export const countRejection = (
  { rejections, unknowns }: LimitHolder,
  { classification, outcome, at }: Of<"released">,
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

/** Makes another kind of limit the one in force; the limit that was learned is kept, for the day when it is asked for again. Source: S6. */
export const takeMode = ({ mode: before, learning }: LimitHolder, mode: LimitMode): Change => {
  if (!isAdaptive(mode)) return { mode }
  const known = isAdaptive(before) ? learning : learning && resumed(learning)
  return { mode, learning: learn(mode.adaptive, known) }
}

/** What an adjustment makes of what is learned, and of what is remembered of it. Source: F3. */
export const takeAdjustment = (holder: LimitHolder, fact: Of<"limit_adjusted">): Change => {
  const { adjustments } = holder
  const { at, from, to, reason } = fact
  const learning = learningOf(holder)
  const recent = [...adjustments.recent.slice(1 - recentMax), { at, from, to, reason }]
  return {
    adjustments: { count: adjustments.count + 1, recent },
    ...(learning === null ? unchanged : { learning: adjusted(learning, to) }),
  }
}

/** Begins to learn anew; the number of adjustments stays. Source: S6. */
export const forgetLearning = ({ mode, adjustments }: LimitHolder): Change => ({
  rejections: noRejections,
  adjustments: { ...adjustments, recent: [] },
  unknowns: 0,
  learning: isAdaptive(mode) ? learn(mode.adaptive) : null,
})
