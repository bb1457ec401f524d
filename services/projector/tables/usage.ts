import { idOf } from "@sluice/events/identifier.ts"
import { channelOf, rowKey, timeColumn, usdColumn, type Projection, type RowKey } from "./row.ts"

/** What one metered attempt used. Units: amounts are decimal text in USD. */
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
  readonly standardCostUsd: string
  readonly costUsd: string
  readonly multiplier: number
  readonly priced: boolean
  readonly complete: boolean
  readonly estimated: boolean
  readonly prices: string
  /** As it was known then; a later correction of the window changes only `window_cost`. */
  readonly windowStart: number | null
}

/** Makes the table `usage`. Source: analytics.md, D1–D3. */
export const usage: Projection<UsageRow> = {
  table: "usage",
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
          standardCostUsd: usdColumn(fact.standardCostNanoUsd),
          costUsd: usdColumn(fact.costNanoUsd),
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
