import type { Fact } from "@sluice/events/commit.ts"
import { idOf } from "@sluice/events/identifier.ts"
import { category, nullable, time, usd } from "@sluice/infra/clickhouse/native/column-types.ts"
import { keyColumns, rowKey, timeColumn, type Projection, type RowKey } from "./row.ts"

/**
 * A window of cost that was opened, or reached another state.
 *
 * The view `window_cost` finds by the times what belongs to which window. Units: amounts are nano-USD.
 */
export interface WindowStepRow extends RowKey {
  readonly account: string
  readonly step: "opened" | "state"
  readonly start: number
  readonly end: number | null
  readonly source: string
  readonly state: string
  /** The cost as the account counted it when it reached the state. */
  readonly costUsd: number | null
  /** Zero: no limit. */
  readonly limitUsd: number
}

type Step = Omit<WindowStepRow, keyof RowKey | "account">

const stepOf = (fact: Fact): Step | undefined => {
  if (fact.type === "account.window_opened")
    return {
      step: "opened",
      start: timeColumn(fact.start),
      end: timeColumn(fact.end),
      source: fact.source,
      state: "",
      costUsd: null,
      limitUsd: fact.limitNanoUsd,
    }
  if (fact.type === "account.window_state")
    return {
      step: "state",
      start: timeColumn(fact.start),
      end: null,
      source: "",
      state: fact.state,
      costUsd: fact.costNanoUsd,
      limitUsd: fact.limitNanoUsd,
    }
  return undefined
}

/** Makes the table `window_steps`, over which `window_cost` is a view. Source: P2, D5, D6. */
export const windows: Projection<WindowStepRow> = {
  table: "window_steps",
  columns: {
    ...keyColumns,
    account: category,
    step: category,
    start: time,
    end: nullable(time),
    source: category,
    state: category,
    costUsd: nullable(usd),
    limitUsd: usd,
  },
  rows: (commit, position) =>
    commit.facts.flatMap((fact, index) => {
      const step = stepOf(fact)
      if (step === undefined) return []
      return [{ ...rowKey(commit, position, index, fact), account: idOf(fact.actor), ...step }]
    }),
}
