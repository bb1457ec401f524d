import type { AccountContext } from "@sluice/actors/account-context.ts"
import { slotsOf } from "@sluice/actors/account-limit.ts"
import { learningOf } from "@sluice/actors/limit-learning.ts"
import { isAdaptive } from "@sluice/events/adaptive-limit.ts"
import type {
  LimitAnswer,
  ListedAnswer,
  StatsAnswer,
  SummaryAnswer,
} from "@sluice/infra/operations/adaptive-answer.ts"

const recentOfOne = 3
const recentOfAll = 10

const idOf = ({ config }: AccountContext): string => config?.id ?? ""

/** People read the name, and the id where there is none. */
const nameOf = ({ config }: AccountContext): string => config?.name || (config?.id ?? "")

/** Gives the limit of an account. Source: S6. */
export const limitAnswer = (account: AccountContext): LimitAnswer => ({
  id: idOf(account),
  isAdaptive: isAdaptive(account.mode),
  maxConcurrent: isAdaptive(account.mode) ? null : account.mode,
  effectiveLimit: slotsOf(account),
})

/** Gives the accounts whose limit is learned, of one channel or of all. Source: S6. */
export const listAnswer = (
  accounts: ReadonlyArray<AccountContext>,
  channel: string | null,
): ReadonlyArray<ListedAnswer> =>
  adaptiveOf(accounts)
    .filter((account) => channel === null || account.channel === channel)
    .map((account) => {
      const { id, ...limit } = limitAnswer(account)
      return {
        id,
        name: nameOf(account),
        channel: account.channel,
        ...limit,
        learnedLimit: account.learning?.limit ?? null,
        concurrency429Count: account.rejections.concurrency,
        rpm429Count: account.rejections.rate,
      }
    })

/** Gives what an account knows of its limit. Source: S6. */
export const statsAnswer = (account: AccountContext): StatsAnswer => {
  const { learning, rejections, adjustments, leases } = account
  const { id, isAdaptive: adaptiveMode, maxConcurrent, effectiveLimit } = limitAnswer(account)
  return {
    id,
    adaptiveMode,
    maxConcurrent,
    effectiveLimit,
    learnedLimit: learning?.limit ?? null,
    concurrent429Count: rejections.concurrency,
    rpm429Count: rejections.rate,
    last429At: rejections.lastAt,
    last429Type: rejections.lastType,
    adjustmentCount: adjustments.count,
    recentAdjustments: adjustments.recent.toReversed(),
    window: {
      samples: learningOf(account)?.samples ?? 0,
      inFlight: leases.size,
      utilization: effectiveLimit === null ? null : leases.size / effectiveLimit,
    },
  }
}

/** Sums up the accounts whose limit is learned. Source: S6. */
export const summaryAnswer = (accounts: ReadonlyArray<AccountContext>): SummaryAnswer => {
  const adaptive = adaptiveOf(accounts)
  const sum = (of: (account: AccountContext) => number) =>
    adaptive.reduce((total, account) => total + of(account), 0)
  const recent = adaptive.flatMap((account) =>
    account.adjustments.recent
      .slice(-recentOfOne)
      .toReversed()
      .map((adjustment) => ({ id: idOf(account), name: nameOf(account), ...adjustment })),
  )
  return {
    adaptiveCount: adaptive.length,
    concurrent429Count: sum(({ rejections }) => rejections.concurrency),
    rpm429Count: sum(({ rejections }) => rejections.rate),
    adjustmentCount: sum(({ adjustments }) => adjustments.count),
    recentAdjustments: recent.toSorted((one, other) => other.at - one.at).slice(0, recentOfAll),
  }
}

const adaptiveOf = (accounts: ReadonlyArray<AccountContext>): ReadonlyArray<AccountContext> =>
  accounts.filter(({ config, removed, mode }) => config !== null && !removed && isAdaptive(mode))
