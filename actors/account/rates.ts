import type { AccountFact } from "@sluice/events/account.ts"
import type { Classification, Estimate } from "@sluice/events/field.ts"
import { actorName } from "@sluice/events/identifier.ts"
import {
  firstRate,
  isRefuted,
  type RateKind,
  raisedRate,
  rateAfterRejection,
  risesAt,
  takeRate,
} from "../adaptive/rate.ts"
import {
  acceptedInMinute,
  contradict,
  doubted,
  looksLikeRate,
  settledUse,
  usualOutputShare,
  useOf,
  withoutRejected,
} from "../adaptive/recent-use.ts"
import type { Rejection429 } from "../decisions/command.ts"
import { learningOf } from "../limit/learned-limit.ts"
import { unchanged } from "../machine/live-actor.ts"
import { type BucketSize, chargedTokens, estimatedTokens, sizeOf } from "../rules/token-bucket.ts"
import type { AccountContext, AccountLease } from "./context.ts"

type Of<T extends AccountFact["type"]> = Extract<AccountFact, { type: T }>
type Change = Partial<AccountContext>

/** After a guess was wrong. */
const refutedMs = 600_000

/** A rate that was found out lets no more through at once than in a second: nobody knows what burst the provider allows. */
const learnedBurstSeconds = 1

/** Returns how large an account's bucket is, as configured or found out; `null` where it has none. Source: C1, F7. */
export const bucketSizeOf = (
  { config, burstSeconds, rates }: AccountContext,
  kind: RateKind,
): BucketSize | null => {
  const configured = config?.[kind] ?? null
  if (configured !== null) return sizeOf(configured, burstSeconds)
  const learned = rates[kind]
  return learned === null ? null : sizeOf(learned.perMinute, learnedBurstSeconds)
}

const partOf = { rpm: "requests", tpm: "tokens" } as const

/** True if an account finds out a rate: it learns its limit, and the rate is not configured. Source: F7. */
const learnsRate = (account: AccountContext, kind: RateKind): boolean =>
  learningOf(account) !== null && account.config !== null && account.config[kind] === null

/** Returns what an attempt is expected to take from an account's bucket of tokens: one that learns expects as much output as is usual. Source: C1, F7. */
export const expectedTokens = (account: AccountContext, estimate: Estimate): number =>
  learningOf(account) === null
    ? estimatedTokens(estimate)
    : estimate.inputTokens + Math.ceil(estimate.outputTokens * usualOutputShare(account.use))

/** What is known of the rates when it is known what an attempt used. */
export const rememberUsage = (
  account: AccountContext,
  { acquiredAt: sentAt, estimate }: AccountLease,
  { tokens, estimated }: Of<"account.usage_recorded">,
): Change => {
  if (learningOf(account) === null || estimated) return unchanged
  const used = { tokens: chargedTokens(tokens), expected: estimatedTokens(estimate) }
  const outputShare = tokens.output / Math.max(1, estimate.outputTokens)
  return { use: settledUse(account.use, { sentAt, ...used, outputShare }) }
}

/** What the sending of an attempt leaves behind. */
export const rememberSent = (account: AccountContext, { at, estimate }: Of<"account.acquired">): Change =>
  learningOf(account) === null ? unchanged : { use: useOf(account.use, at, estimatedTokens(estimate)) }

/** What the end of an attempt says of the rates. */
export const rememberEnd = (
  account: AccountContext,
  { level, acquiredAt: sentAt, estimate }: AccountLease,
  { at, outcome, classification }: Of<"account.released">,
): Change => {
  if (learningOf(account) === null) return unchanged
  const { use } = account
  if (outcome === "ok") {
    const known = contradict(use, { level, sentAt })
    return known === use ? unchanged : { use: known }
  }
  if (classification === undefined) return unchanged
  const without = withoutRejected(use, { sentAt, tokens: estimatedTokens(estimate) })
  return { use: classification === "unknown" ? doubted(without, level, at) : without }
}

/** What it says of the rates that the upstream took an attempt. */
export const rememberAccepted = (
  { use }: AccountContext,
  { level, acquiredAt: sentAt }: AccountLease,
): Change => {
  const known = contradict(use, { level, sentAt })
  return known === use ? unchanged : { use: known }
}

/** Tells of which rate a rejection is, if of any: as it says itself, or as those of an unknown kind look. Source: C2, F7. */
export const rateKindOf = (
  account: AccountContext,
  classification: Classification,
  now: number,
): RateKind | null => {
  const kind = classification === "tokens" ? "tpm" : "rpm"
  if (!learnsRate(account, kind)) return null
  if (classification === "requests" || classification === "tokens") return kind
  if (classification !== "unknown") return null
  const { rpm, refutedUntil } = account.rates
  return rpm !== null || (now >= refutedUntil && looksLikeRate(account.use, now)) ? "rpm" : null
}

/** What a rejection makes of a rate that is found out; what was sent before the last change tells nothing new. Source: F7. */
export const rateFacts = (
  account: AccountContext,
  of: {
    readonly kind: RateKind
    readonly held: AccountLease
    readonly rejection: Rejection429
    readonly now: number
  },
): ReadonlyArray<AccountFact> => {
  const { kind, held, rejection, now } = of
  const { config, rates, use } = account
  const known = rates[kind]
  if (config === null || (known !== null && held.acquiredAt < known.since)) return []
  const stated = rejection.statedPerMinute ?? null
  const actor = actorName("account", config.id)
  if (known !== null && rejection.classification === "unknown" && isRefuted(known)) {
    const from = known.perMinute
    return [{ actor, type: "account.rate_adjusted", at: now, kind, from, to: null, reason: "refuted" }]
  }
  const accepted = acceptedInMinute(use, now, partOf[kind])
  const to =
    known === null
      ? firstRate(accepted, stated)
      : rateAfterRejection(known, { stated, acceptedInMinute: accepted })
  if (to === known?.perMinute) return []
  const reason = stated === null ? "rejected" : "stated"
  return [{ actor, type: "account.rate_adjusted", at: now, kind, from: known?.perMinute ?? null, to, reason }]
}

/** Returns when a rate that was found out rises by itself, or `null`. Source: F7. */
export const ratesRiseAt = ({ rates }: AccountContext): number | null => {
  const rising = [rates.rpm, rates.tpm].flatMap((rate) => (rate === null ? [] : (risesAt(rate) ?? [])))
  return rising.length === 0 ? null : Math.min(...rising)
}

/** The rise of a rate that nothing was rejected under for a while. Source: F7. */
export const raisedRates = (account: AccountContext, now: number): ReadonlyArray<AccountFact> | undefined => {
  for (const kind of ["rpm", "tpm"] as const) {
    const known = account.rates[kind]
    const at = known === null ? null : risesAt(known)
    if (known === null || at === null || at > now) continue
    const actor = actorName("account", account.config?.id ?? "")
    const to = raisedRate(known)
    return [
      { actor, type: "account.rate_adjusted", at: now, kind, from: known.perMinute, to, reason: "grown" },
    ]
  }
  return undefined
}

/** Takes a rate that was found out as the one in force; after a rejection its bucket is empty, as the provider's is. Source: F7. */
export const takeRateFact = (
  { rates }: AccountContext,
  { kind, to, at, reason }: Of<"account.rate_adjusted">,
): Change =>
  to === null
    ? { rates: { ...rates, [kind]: null, refutedUntil: at + refutedMs }, [kind]: null }
    : {
        rates: { ...rates, [kind]: takeRate(rates[kind], { to, at, isRise: reason === "grown" }) },
        ...(reason === "rejected" ? { [kind]: { level: 0, at } } : unchanged),
      }

/** Notes that a request had to wait for a rate that was found out, or the next one will. */
export const boundRates = (
  { rates }: AccountContext,
  taken: Pick<Change, "rpm" | "tpm">,
  at: number,
): Change => {
  const isBound = (kind: RateKind): boolean => {
    const bucket = taken[kind]
    return rates[kind] !== null && bucket !== undefined && bucket !== null && bucket.level < 1
  }
  if (!isBound("rpm") && !isBound("tpm")) return unchanged
  const bound = (kind: RateKind) => {
    const rate = rates[kind]
    return rate !== null && isBound(kind) ? { ...rate, boundAt: at } : rate
  }
  return { rates: { ...rates, rpm: bound("rpm"), tpm: bound("tpm") } }
}
