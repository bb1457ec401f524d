import { advanceGauge, type RateGauge, type RateRule, takeFromGauge } from "@sluice/simulator/rate-gauge.ts"
import type { RecordedAttempt } from "../recording/recorded-attempt.ts"

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
  /** True if it was turned down for anything at all, and so counted for nothing. */
  readonly isTurnedDown: (attempt: RecordedAttempt) => boolean
  /** By how much messages may overtake one another: what was sent so shortly after a rejected attempt may have come before it. */
  readonly spreadMs: number
}

const minuteMs = 60_000

/** What comes in so short a time is as good as at once: so far from a limit an answer says nothing against it. */
const slackMs = 500

/** Returns how much of a limit per minute an attempt takes. */
export const amountOf = (
  kind: "requests" | "tokens",
  { input, output }: { readonly input: number; readonly output: number },
): number => (kind === "requests" ? 1 : input + output)

/**
 * Finds the limit per minute that makes the fewest mistakes, counted as a bucket or in whole minutes: of those that the provider states, or where it states none, of all that are near what it took in a minute.
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
  return bestOf(question, stated.length > 0 ? stated : sharesOf(mostTaken(question)))
}

/** A bucket that was full lets up to twice as much through in a minute as in any later one. */
const tried = { fromShare: 0.25, toShare: 1.1, step: 1.005 }

const sharesOf = (whole: number): ReadonlyArray<number> => {
  const { fromShare, toShare, step } = tried
  const steps = Math.ceil(Math.log(toShare / fromShare) / Math.log(step))
  return Array.from({ length: steps + 1 }, (_, nth) => Math.round(whole * fromShare * step ** nth))
}

/** Of those that make equally few mistakes, the one in the middle: the answers say as much against more as against less. */
const bestOf = (question: RateQuestion, candidates: ReadonlyArray<number>): FittedRate | undefined => {
  const sorted = [...new Set(candidates)].filter((one) => one > 0).toSorted((one, other) => one - other)
  const fits = (["bucket", "minute"] as const).flatMap((window) =>
    sorted.map((perMinute) => judge(question, { perMinute, window })),
  )
  const fewest = Math.min(...fits.map(({ mistakes }) => mistakes))
  const best = fits.filter(({ mistakes }) => mistakes === fewest)
  const alike = best.filter(({ rule }) => rule.window === best[0]?.rule.window)
  return alike[Math.floor((alike.length - 1) / 2)]
}

const attemptAmount = (kind: "requests" | "tokens", { usage, estimate }: RecordedAttempt): number =>
  amountOf(kind, usage?.tokens ?? { input: estimate.inputTokens, output: estimate.outputTokens })

/** Returns the most that was taken in a minute. */
const mostTaken = ({ kind, attempts, isTurnedDown }: RateQuestion): number => {
  const taken: Array<{ readonly atMs: number; readonly amount: number }> = []
  let [sum, oldest, most] = [0, 0, 0]
  for (const attempt of attempts) {
    if (isTurnedDown(attempt)) continue
    const amount = attemptAmount(kind, attempt)
    taken.push({ atMs: attempt.startedAt, amount })
    sum += amount
    for (
      let one = taken[oldest];
      one !== undefined && one.atMs <= attempt.startedAt - minuteMs;
      one = taken[oldest]
    ) {
      sum -= one.amount
      oldest += 1
    }
    most = Math.max(most, sum)
  }
  return most
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
    } else if (!fits) gauge.used = isMistaken ? rule.perMinute : before + amount
    if (isMistaken) mistakes += 1
  }
  return { kind, rule, unexplained, mistakes }
}
