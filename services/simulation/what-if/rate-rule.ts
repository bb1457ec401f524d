import { advanceGauge, type RateGauge, type RateRule, takeFromGauge } from "@sluice/simulator/rate-gauge.ts"
import type { RecordedAttempt } from "./recorded-attempt.ts"

/** A limit per minute that explains rejections, and those that it does not. */
export interface FittedRate {
  readonly kind: "requests" | "tokens"
  readonly rule: RateRule
  /** Rejections that it would not have made. */
  readonly unexplained: ReadonlySet<RecordedAttempt>
  /** How often it says other than what happened, in either way. */
  readonly mistakes: number
}

/** What a rate is found from. */
export interface RateQuestion {
  readonly kind: "requests" | "tokens"
  readonly attempts: ReadonlyArray<RecordedAttempt>
  readonly isOverRate: (attempt: RecordedAttempt) => boolean
  /** Whether it was turned down for anything at all, and so counted for nothing. */
  readonly isTurnedDown: (attempt: RecordedAttempt) => boolean
  /** By how much messages may overtake one another: what was sent so shortly after a rejected attempt may have come before it. */
  readonly spreadMs: number
}

const minuteMs = 60_000

/** What comes in so short a time is as good as at once: so far from a limit an answer says nothing against it. */
const slackMs = 500

/** Gives how much of a limit per minute an attempt takes. */
export const amountOf = (
  kind: "requests" | "tokens",
  { input, output }: { readonly input: number; readonly output: number },
): number => (kind === "requests" ? 1 : input + output)

/**
 * Finds the limit per minute that makes the fewest mistakes, counted as a bucket or in whole minutes: of those that the provider states, or where it states none, of what it took in the minutes before its rejections.
 *
 * `undefined` where nothing was rejected for it.
 */
export const fitRate = (asked: RateQuestion): FittedRate | undefined => {
  const rejected = asked.attempts.filter(asked.isOverRate)
  if (rejected.length === 0) return undefined
  const arrivalOf = (attempt: RecordedAttempt): number =>
    attempt.startedAt + (asked.isOverRate(attempt) ? asked.spreadMs : 0)
  const attempts = asked.attempts.toSorted((one, other) => arrivalOf(one) - arrivalOf(other))
  const question = { ...asked, attempts }
  const stated = rejected.flatMap(({ meaning }) => meaning?.rejection?.statedPerMinute ?? [])
  const candidates = [...new Set(stated.length > 0 ? stated : takenBefore(question))].filter((one) => one > 0)
  const fits = candidates.flatMap((perMinute) =>
    (["bucket", "minute"] as const).map((window) => judge(question, { perMinute, window })),
  )
  return fits.reduce<FittedRate | undefined>(
    (best, fit) => (best === undefined || fit.mistakes < best.mistakes ? fit : best),
    undefined,
  )
}

const attemptAmount = (kind: "requests" | "tokens", { usage, estimate }: RecordedAttempt): number =>
  amountOf(kind, usage?.tokens ?? { input: estimate.inputTokens, output: estimate.outputTokens })

const quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]

/** Gives some of the amounts that were taken in the minutes before rejections, from small to large. */
const takenBefore = ({ kind, attempts, isOverRate, isTurnedDown }: RateQuestion): ReadonlyArray<number> => {
  const taken: Array<{ readonly atMs: number; readonly amount: number }> = []
  const sums: Array<number> = []
  let sum = 0
  let oldest = 0
  for (const attempt of attempts) {
    for (let one = taken[oldest]; one !== undefined && one.atMs <= attempt.startedAt - minuteMs;) {
      sum -= one.amount
      oldest += 1
      one = taken[oldest]
    }
    if (isOverRate(attempt)) sums.push(sum)
    else if (!isTurnedDown(attempt)) {
      const amount = attemptAmount(kind, attempt)
      taken.push({ atMs: attempt.startedAt, amount })
      sum += amount
    }
  }
  const sorted = sums.toSorted((one, other) => one - other)
  return quantiles.flatMap((quantile) => sorted[Math.floor(quantile * (sorted.length - 1))] ?? [])
}

const judge = ({ kind, attempts, isOverRate, isTurnedDown }: RateQuestion, rule: RateRule): FittedRate => {
  const gauge: RateGauge = { used: 0, atMs: attempts[0]?.startedAt ?? 0 }
  const unexplained = new Set<RecordedAttempt>()
  let mistakes = 0
  for (const attempt of attempts) {
    const isOver = isOverRate(attempt)
    if (!isOver && isTurnedDown(attempt)) continue
    advanceGauge(gauge, rule, Math.max(gauge.atMs, attempt.startedAt))
    const amount = attemptAmount(kind, attempt)
    const before = gauge.used
    const excess = before + amount - rule.perMinute
    const fits = takeFromGauge(gauge, rule, amount)
    const slack = Math.max(amount, (rule.perMinute * slackMs) / minuteMs)
    const isMistaken = fits === isOver && Math.abs(excess) > slack
    if (isOver) {
      gauge.used = before
      if (isMistaken) unexplained.add(attempt)
    } else if (!fits) gauge.used = Math.min(rule.perMinute, before + amount)
    if (isMistaken) mistakes += 1
  }
  return { kind, rule, unexplained, mistakes }
}
