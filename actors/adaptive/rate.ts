import { mostPerMinute } from "@sluice/events/bounds.ts"

/** A rate that was found out, in requests or tokens a minute. Plain JSON: it stands in snapshots. Source: F7. */
export interface LearnedRate {
  readonly perMinute: number
  /** The last that stood a quiet span. */
  readonly good: number
  /** How far the next rise goes, as a part. */
  readonly growth: number
  readonly since: number
  /** When the rate was last what a request waited for. */
  readonly boundAt: number | null
  /** How many times in a row it was lowered. */
  readonly falls: number
}

/** The kinds of rates. */
export type RateKind = "rpm" | "tpm"

/** What was found out of an account's rates; `null` for what was not. */
export type LearnedRates = Readonly<Record<RateKind, LearnedRate | null>> & {
  /** Until then rejections of an unknown kind are not taken for a rate's again. */
  readonly refutedUntil: number
}

/** What is known where nothing was found out. */
export const noRates: LearnedRates = { rpm: null, tpm: null, refutedUntil: 0 }

const firstShare = 0.97
const backShare = 0.99
const firstGrowth = 0.02
const mostGrowth = 0.08
const quietMs = 20_000
const fallsMax = 8

const bounded = (perMinute: number): number => Math.min(Math.max(1, perMinute), mostPerMinute)

/** Returns the rate to begin with: what the provider says, or a little less than what it accepted in the last minute. Source: F7. */
export const firstRate = (acceptedInMinute: number, stated: number | null): number =>
  bounded(stated ?? Math.floor(acceptedInMinute * firstShare))

/** Returns the rate after a rejection: what the provider says, or a little less than the last that was good, or than what was accepted in the last minute where that is less. Source: F7. */
export const rateAfterRejection = (
  { good, perMinute }: LearnedRate,
  { stated, acceptedInMinute }: { readonly stated: number | null; readonly acceptedInMinute: number },
): number =>
  bounded(
    stated ??
      Math.min(perMinute - 1, Math.floor(good * backShare), Math.floor(acceptedInMinute * firstShare)),
  )

/** True if a rate that was only guessed is none: rejections go on however low it gets. */
export const isRefuted = ({ falls }: LearnedRate): boolean => falls >= fallsMax

/** Returns when a rate that requests wait for, and that nothing was rejected under, rises; `null` while nothing waits for it. Source: F7. */
export const risesAt = ({ since, boundAt }: LearnedRate): number | null =>
  boundAt !== null && boundAt >= since + quietMs ? boundAt : null

/** Returns the rate after a quiet span. Source: F7. */
export const raisedRate = ({ perMinute, growth }: LearnedRate): number =>
  bounded(Math.max(perMinute + 1, Math.floor(perMinute * (1 + growth))))

/** Takes a rate as the one in force. */
export const takeRate = (
  known: LearnedRate | null,
  { to, at, isRise }: { readonly to: number; readonly at: number; readonly isRise: boolean },
): LearnedRate => ({
  perMinute: to,
  good: isRise && known !== null ? known.perMinute : to,
  growth: isRise && known !== null ? Math.min(mostGrowth, known.growth * 2) : firstGrowth,
  since: at,
  boundAt: null,
  falls: isRise || known === null ? 0 : known.falls + 1,
})
