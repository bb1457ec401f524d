import type { Fact } from "@sluice/events/commit.ts"
import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import { isAdaptive, type LimitMode } from "@sluice/events/configuration/adaptive-limit.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { bool, category, nullable, uint64, usd } from "@sluice/infra/clickhouse/native/column-types.ts"
import { Predicate } from "effect"
import { channelOf, keyColumns, rowKey, type Projection, type RowKey } from "./row.ts"

/** The limits that a channel or an account was configured with; one that it does not have is `null`. */
export interface LimitRow extends RowKey {
  readonly actor: string
  readonly channel: string
  readonly removed: boolean
  readonly enabled: boolean
  readonly concurrency: number | null
  readonly queueSize: number | null
  readonly rpm: number | null
  readonly tpm: number | null
  readonly maxSessions: number | null
  /** Units: nano-USD. */
  readonly windowLimitUsd: number | null
  /** True if the limit is learned; what it came to stands among the adjustments. Source: F4. */
  readonly adaptive: boolean
  /** Where it began, if the fact says so. */
  readonly initial: number | null
}

type Limits = Omit<LimitRow, keyof RowKey | "actor" | "channel">

const none = {
  removed: false,
  enabled: false,
  concurrency: null,
  queueSize: null,
  rpm: null,
  tpm: null,
  maxSessions: null,
  windowLimitUsd: null,
  adaptive: false,
  initial: null,
}

/** An amount that a fact cannot hold is as good as the largest that it can. Units: USD to nano-USD. */
const windowLimitOf = (limitUsd: number): number | null =>
  limitUsd === 0 ? null : Math.min(Math.round(limitUsd * 1e9), Number.MAX_SAFE_INTEGER)

const ofLimit = (limit: LimitMode): Pick<Limits, "adaptive" | "concurrency" | "initial"> =>
  isAdaptive(limit)
    ? { adaptive: true, concurrency: null, initial: limit.adaptive.initial }
    : { adaptive: false, concurrency: limit, initial: null }

const ofChannel = (config: ChannelConfiguration): Limits => {
  const { enabled, maxConcurrent, queueSize, rpm, tpm } = config
  return { ...none, enabled, queueSize, rpm, tpm, ...ofLimit(maxConcurrent) }
}

const ofAccount = (config: AccountConfiguration): Limits => {
  const { enabled, concurrency, rpm, tpm, maxSessions, windowCost } = config
  const windowLimitUsd = windowLimitOf(windowCost.limitUsd)
  return { ...none, enabled, rpm, tpm, maxSessions, windowLimitUsd, ...ofLimit(concurrency) }
}

/** Where the log begins with a checkpoint, a limit that is learned goes on from what was learned by then. */
const ofCheckpoint = (limits: Limits, { learning }: Readonly<Record<string, unknown>>): Limits => {
  const isLearned = limits.adaptive && Predicate.hasProperty(learning, "limit")
  return isLearned && Predicate.isNumber(learning.limit) ? { ...limits, initial: learning.limit } : limits
}

/** A checkpoint tells the limits again: where tables are made anew, the log may begin with it. Source: L5. */
const limitsOf = (fact: Fact): Limits | undefined => {
  switch (fact.type) {
    case "channel.configured":
      return ofChannel(fact.config)
    case "account.configured":
      return ofAccount(fact.config)
    case "channel.removed":
    case "account.removed":
      return { ...none, removed: true }
    case "channel.checkpointed":
      return unlessRemoved(
        fact.context,
        fact.context.config && ofCheckpoint(ofChannel(fact.context.config), fact.context),
      )
    case "account.checkpointed":
      return unlessRemoved(
        fact.context,
        fact.context.config && ofCheckpoint(ofAccount(fact.context.config), fact.context),
      )
    default:
      return undefined
  }
}

const unlessRemoved = (context: Readonly<Record<string, unknown>>, limits: Limits | null | undefined) =>
  context["removed"] === true ? { ...none, removed: true } : (limits ?? undefined)

/** Makes the table `limits`. Source: P7: what a named query reads is a column; A3, D5. */
export const limits: Projection<LimitRow> = {
  table: "limits",
  columns: {
    ...keyColumns,
    actor: category,
    channel: category,
    removed: bool,
    enabled: bool,
    concurrency: nullable(uint64),
    queueSize: nullable(uint64),
    rpm: nullable(uint64),
    tpm: nullable(uint64),
    maxSessions: nullable(uint64),
    windowLimitUsd: nullable(usd),
    adaptive: bool,
    initial: nullable(uint64),
  },
  rows: (commit, position) =>
    commit.facts.flatMap((fact, index) => {
      const told = limitsOf(fact)
      if (told === undefined) return []
      const key = rowKey(commit, position, index, fact)
      return [{ ...key, actor: fact.actor, channel: channelOf(position), ...told }]
    }),
}
