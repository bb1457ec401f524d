import { isRefused, type RecordedAttempt } from "../recording/recorded-attempt.ts"
import { type Episode, findEpisodes } from "./episodes.ts"
import { hiddenConcurrency, limitAt, type LimitStep } from "./hidden-concurrency.ts"
import { levelEvidence, travelSpread } from "./level-evidence.ts"
import { type FittedRate, fitRate } from "./rate-rule.ts"

/** How a provider behaves towards one account, as far as its answers tell. */
export interface ProviderModel {
  readonly account: string
  readonly channel: string
  /** How long a message takes there and back, as its quickest rejections tell; 0 without any. */
  readonly roundTripMs: number
  readonly concurrency: ReadonlyArray<LimitStep>
  /** Its rejections as one too many, in the order of their time. */
  readonly crowded: ReadonlyArray<RecordedAttempt>
  readonly rates: ReadonlyArray<FittedRate & { readonly rejections: ReadonlyArray<RecordedAttempt> }>
  readonly episodes: ReadonlyArray<Episode>
  /** Rejections that nothing of this explains. */
  readonly noise: ReadonlyArray<Noise>
  readonly attempts: number
}

/** A rejection that nothing explains, and which share it was of what was sent since the one before it. */
export interface Noise {
  readonly rejection: RecordedAttempt
  readonly share: number
}

type Predicate = (attempt: RecordedAttempt) => boolean

const rejectedAs =
  (...kinds: ReadonlyArray<string>): Predicate =>
  ({ meaning }) =>
    kinds.includes(meaning?.rejection?.classification ?? "")

/**
 * Finds for each account how its provider behaves.
 *
 * Rejections for concurrency make the steps of a hidden limit, those for requests or tokens a limit per minute; those of an unknown kind are counted to what explains more of them. Everything else
 * that was turned down or failed comes again in its time.
 */
export const modelProviders = (
  attempts: ReadonlyArray<RecordedAttempt>,
): ReadonlyMap<string, ProviderModel> => {
  const byAccount = Map.groupBy(attempts, ({ account }) => account)
  return new Map(
    [...byAccount].map(([account, of]) => [
      account,
      modelProvider(of.toSorted((one, other) => one.place - other.place)),
    ]),
  )
}

const modelProvider = (attempts: ReadonlyArray<RecordedAttempt>): ProviderModel => {
  const roundTripMs = roundTripOf(attempts)
  const isUnknown = rejectedAs("unknown")
  const byLevel = crowdedBy(attempts, rejectedAs("concurrency", "unknown"), roundTripMs)
  const rateOf = createRates(attempts, roundTripMs)
  const byRate = rateOf("requests", rejectedAs("requests", "unknown"))
  const isOfRate = isUnknownOfRate(attempts, { isUnknown, byLevel, byRate })
  const level = isOfRate ? crowdedBy(attempts, rejectedAs("concurrency"), roundTripMs) : byLevel
  const requests = isOfRate ? byRate : rateOf("requests", rejectedAs("requests"))
  const rates = [requests, rateOf("tokens", rejectedAs("tokens"))].flatMap((rate) => rate ?? [])
  const isOfUse = rejectedAs("concurrency", "unknown", "requests", "tokens")
  const isFailed: Predicate = (attempt) => isRefused(attempt) && !isOfUse(attempt)
  const unexplained = new Set([...level.unexplained, ...rates.flatMap((rate) => [...rate.unexplained])])
  const { account = "", channel = "" } = attempts[0] ?? {}
  return {
    account,
    channel,
    roundTripMs,
    concurrency: level.steps,
    crowded: level.rejections,
    rates,
    episodes: findEpisodes(attempts, isFailed),
    noise: noiseIn(
      attempts.filter((attempt) => !isFailed(attempt)),
      unexplained,
    ),
    attempts: attempts.length,
  }
}

const noiseIn = (
  attempts: ReadonlyArray<RecordedAttempt>,
  unexplained: ReadonlySet<RecordedAttempt>,
): ReadonlyArray<Noise> => {
  const noise: Array<Noise> = []
  let since = 0
  for (const attempt of attempts) {
    since += 1
    if (!unexplained.has(attempt)) continue
    noise.push({ rejection: attempt, share: 1 / since })
    since = 0
  }
  return noise
}

interface Levels {
  readonly steps: ReadonlyArray<LimitStep>
  readonly rejections: ReadonlyArray<RecordedAttempt>
  readonly unexplained: ReadonlySet<RecordedAttempt>
}

const crowdedBy = (
  attempts: ReadonlyArray<RecordedAttempt>,
  isCrowded: Predicate,
  roundTripMs: number,
): Levels => {
  const rejections = attempts.filter(isCrowded)
  if (rejections.length === 0) return { steps: hiddenConcurrency([]), rejections, unexplained: new Set() }
  const evidence = levelEvidence(attempts, { roundTripMs, isCrowded })
  const steps = hiddenConcurrency(evidence)
  const unexplained = evidence.filter(({ isRejected, level, atMs }) => {
    return isRejected && level <= (limitAt(steps, atMs) ?? Infinity)
  })
  return { steps, rejections, unexplained: new Set(unexplained.map(({ attempt }) => attempt)) }
}

const createRates =
  (attempts: ReadonlyArray<RecordedAttempt>, roundTripMs: number) =>
  (kind: "requests" | "tokens", isOverRate: Predicate): ProviderModel["rates"][number] | undefined => {
    const spreadMs = roundTripMs * travelSpread
    const rate = fitRate({ kind, attempts, isOverRate, isTurnedDown: isRefused, spreadMs })
    return rate && { ...rate, rejections: attempts.filter(isOverRate) }
  }

/** A limit on concurrency explains a rejection only if it leaves few unexplained; a rate has to explain more than it. */
const isUnknownOfRate = (
  attempts: ReadonlyArray<RecordedAttempt>,
  {
    isUnknown,
    byLevel,
    byRate,
  }: {
    readonly isUnknown: Predicate
    readonly byLevel: Levels
    readonly byRate: ProviderModel["rates"][number] | undefined
  },
): boolean => {
  if (byRate === undefined || !attempts.some(isUnknown)) return false
  // Each change of the limit explains what came about it, and nothing after it.
  return byRate.mistakes < byLevel.unexplained.size + byLevel.steps.length - 1
}

const quickest = 0.05

const roundTripOf = (attempts: ReadonlyArray<RecordedAttempt>): number => {
  const latencies = attempts
    .filter(({ outcome }) => outcome === "rate_limited")
    .map(({ tookMs }) => tookMs)
    .toSorted((one, other) => one - other)
  return latencies[Math.floor(quickest * latencies.length)] ?? 0
}
