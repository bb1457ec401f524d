import type { AccountContext } from "@sluice/actors/account/context.ts"
import { slotsOf } from "@sluice/actors/account/limit.ts"
import type { ChannelContext } from "@sluice/actors/channel/ledger.ts"
import { learningOf, ownLimitOf } from "@sluice/actors/limit/learned-limit.ts"
import type { Limit } from "@sluice/actors/limit/limit.ts"
import { isAdaptive } from "@sluice/events/configuration/adaptive-limit.ts"
import type { SubjectTime } from "@sluice/infra/clock/subject-time.ts"
import type {
  LimitAnswer,
  ListedAnswer,
  StatsAnswer,
  SummaryAnswer,
} from "@sluice/infra/operations/adaptive-answer.ts"

const recentOfOne = 3
const recentOfAll = 10

/** What has a limit, as an operator asks for it. */
export type Limited = AccountContext | ChannelContext

const isAccount = (one: Limited): one is AccountContext => "channel" in one

const idOf = ({ config }: Limited): string => config?.id ?? ""

const channelIdOf = (one: Limited): string => (isAccount(one) ? one.channel : idOf(one))

const inForce = (one: Limited): Limit => (isAccount(one) ? slotsOf(one) : ownLimitOf(one))

/** People read the name, and the id where there is none. */
const nameOf = ({ config }: Limited): string => config?.name || (config?.id ?? "")

/** Returns a channel or an account with the times of what it learned as the machine's clock has them. Source: L2. */
export const shownBy = <One extends Limited>(
  one: One,
  time: Pick<SubjectTime, "differs" | "toWall">,
): One => {
  if (!time.differs) return one
  const { rejections, adjustments } = one
  const lastAt = rejections.lastAt === null ? null : time.toWall(rejections.lastAt)
  const recent = adjustments.recent.map((adjusted) => ({ ...adjusted, at: time.toWall(adjusted.at) }))
  return { ...one, rejections: { ...rejections, lastAt }, adjustments: { ...adjustments, recent } }
}

/** Returns the limit of a channel or an account. Source: S6. */
export const limitAnswer = (one: Limited): LimitAnswer => ({
  id: idOf(one),
  isAdaptive: isAdaptive(one.mode),
  maxConcurrent: isAdaptive(one.mode) ? null : one.mode,
  effectiveLimit: inForce(one),
})

/** Returns those whose limit is learned, of one channel or of all. Source: S6. */
export const listAnswer = (
  all: ReadonlyArray<Limited>,
  channel: string | null,
): ReadonlyArray<ListedAnswer> =>
  adaptiveOf(all)
    .filter((one) => channel === null || channelIdOf(one) === channel)
    .map((one) => {
      const { id, ...limit } = limitAnswer(one)
      return {
        id,
        name: nameOf(one),
        channel: channelIdOf(one),
        ...limit,
        learnedLimit: one.learning?.limit ?? null,
        concurrency429Count: one.rejections.concurrency,
        rpm429Count: one.rejections.rate,
      }
    })

/** Returns what a channel or an account knows of its limit. Source: S6. */
export const statsAnswer = (one: Limited): StatsAnswer => {
  const { learning, rejections, adjustments, leases } = one
  const { id, isAdaptive: adaptiveMode, maxConcurrent, effectiveLimit } = limitAnswer(one)
  return {
    id,
    kind: isAccount(one) ? "account" : "channel",
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
      samples: learningOf(one)?.samples ?? 0,
      inFlight: leases.size,
      utilization: effectiveLimit === null ? null : leases.size / effectiveLimit,
    },
  }
}

/** Sums up the limits that are learned. Source: S6. */
export const summaryAnswer = (all: ReadonlyArray<Limited>): SummaryAnswer => {
  const adaptive = adaptiveOf(all)
  const sum = (of: (one: Limited) => number) => adaptive.reduce((total, one) => total + of(one), 0)
  const recent = adaptive.flatMap((one) =>
    one.adjustments.recent
      .slice(-recentOfOne)
      .toReversed()
      .map((adjustment) => ({ id: idOf(one), name: nameOf(one), ...adjustment })),
  )
  return {
    adaptiveCount: adaptive.length,
    concurrent429Count: sum(({ rejections }) => rejections.concurrency),
    rpm429Count: sum(({ rejections }) => rejections.rate),
    adjustmentCount: sum(({ adjustments }) => adjustments.count),
    recentAdjustments: recent.toSorted((one, other) => other.at - one.at).slice(0, recentOfAll),
  }
}

const adaptiveOf = (all: ReadonlyArray<Limited>): ReadonlyArray<Limited> =>
  all.filter(({ config, removed, mode }) => config !== null && !removed && isAdaptive(mode))
