import { idOf } from "@sluice/events/identifier.ts"
import {
  bool,
  category,
  float64,
  nullable,
  text,
  time,
  uint64,
  usd,
} from "@sluice/infra/clickhouse/native/column-types.ts"
import { channelOf, keyColumns, rowKey, timeColumn, type Projection, type RowKey } from "./row.ts"

/** What one metered attempt used. Units: amounts are nano-USD. */
export interface UsageRow extends RowKey {
  readonly request: string
  readonly attempt: number
  readonly lease: string
  readonly channel: string
  readonly account: string
  readonly client: string
  readonly model: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWrite5mTokens: number
  readonly cacheWrite1hTokens: number
  readonly reasoningTokens: number
  readonly standardCostUsd: number
  readonly costUsd: number
  readonly multiplier: number
  readonly priced: boolean
  readonly complete: boolean
  readonly estimated: boolean
  readonly prices: string
  /** As it was known then; a later correction of the window changes only `window_cost`. */
  readonly windowStart: number | null
}

/** Makes the table `usage`. Source: D1–D3. */
export const usage: Projection<UsageRow> = {
  table: "usage",
  columns: {
    ...keyColumns,
    request: text,
    attempt: uint64,
    lease: text,
    channel: category,
    account: category,
    client: category,
    model: category,
    inputTokens: uint64,
    outputTokens: uint64,
    cacheReadTokens: uint64,
    cacheWrite5mTokens: uint64,
    cacheWrite1hTokens: uint64,
    reasoningTokens: uint64,
    standardCostUsd: usd,
    costUsd: usd,
    multiplier: float64,
    priced: bool,
    complete: bool,
    estimated: bool,
    prices: category,
    windowStart: nullable(time),
  },
  rows: (commit, position) =>
    commit.facts.flatMap((fact, index) => {
      if (fact.type !== "account.usage_recorded") return []
      const { tokens } = fact
      return [
        {
          ...rowKey(commit, position, index, fact),
          request: fact.request,
          attempt: fact.attempt,
          lease: fact.lease,
          channel: channelOf(position),
          account: idOf(fact.actor),
          client: fact.client,
          model: fact.model,
          inputTokens: tokens.input,
          outputTokens: tokens.output,
          cacheReadTokens: tokens.cacheRead,
          cacheWrite5mTokens: tokens.cacheWrite5m,
          cacheWrite1hTokens: tokens.cacheWrite1h,
          reasoningTokens: tokens.reasoning,
          standardCostUsd: fact.standardCostNanoUsd,
          costUsd: fact.costNanoUsd,
          multiplier: fact.multiplier,
          priced: fact.priced,
          complete: fact.complete,
          estimated: fact.estimated,
          prices: fact.prices,
          windowStart: fact.windowStart === undefined ? null : timeColumn(fact.windowStart),
        },
      ]
    }),
}
