import type { Fact } from "@sluice/events/commit.ts"
import { isAdaptive, type LimitMode } from "@sluice/events/configuration/adaptive-limit.ts"
import { category, float64, nullable, uint64 } from "@sluice/infra/clickhouse/native/column-types.ts"
import { channelOf, keyColumns, rowKey, type Projection, type RowKey } from "./row.ts"

/**
 * A change of the limit of a channel or an account: by what was found, by an operator, or back to where it began.
 *
 * `from` and `to` are the limits in force before and after it; `null` where the fact does not tell, or there is none.
 */
export interface AdjustmentRow extends RowKey {
  readonly actor: string
  readonly channel: string
  readonly from: number | null
  readonly to: number | null
  /** That of the adjustment; `mode` or `learning_reset` for what an operator did. */
  readonly reason: string
  /** What the limit became where an operator changed its kind: `adaptive` or `fixed`; else empty. */
  readonly mode: string
  readonly classification: string
  readonly inFlight: number | null
  readonly utilization: number | null
  readonly samples: number | null
  readonly by: string
}

type Change = Omit<AdjustmentRow, keyof RowKey | "actor" | "channel">

const untold = { classification: "", inFlight: null, utilization: null, samples: null }

const numberOf = (mode: LimitMode): number | null => (typeof mode === "number" ? mode : null)

const changeOf = (fact: Fact): Change | undefined => {
  switch (fact.type) {
    case "channel.limit_adjusted":
    case "account.limit_adjusted": {
      const { from, to, reason, inFlight, utilization, samples, classification, by } = fact
      const told = { classification: classification ?? "", inFlight, utilization, samples, by: by ?? "" }
      return { from, to, reason, mode: "", ...told }
    }
    case "channel.mode_changed":
    case "account.mode_changed": {
      const { from, to, limit, by } = fact
      const mode = isAdaptive(to) ? "adaptive" : "fixed"
      return { from: numberOf(from), to: limit ?? numberOf(to), reason: "mode", mode, ...untold, by }
    }
    case "channel.learning_reset":
    case "account.learning_reset": {
      const { from, to, by } = fact
      return { from, to, reason: "learning_reset", mode: "", ...untold, by }
    }
    default:
      return undefined
  }
}

/** Makes the table `adjustments`. Source: P2, F3, S6. */
export const adjustments: Projection<AdjustmentRow> = {
  table: "adjustments",
  columns: {
    ...keyColumns,
    actor: category,
    channel: category,
    from: nullable(uint64),
    to: nullable(uint64),
    reason: category,
    mode: category,
    classification: category,
    inFlight: nullable(uint64),
    utilization: nullable(float64),
    samples: nullable(uint64),
    by: category,
  },
  rows: (commit, position) =>
    commit.facts.flatMap((fact, index) => {
      const change = changeOf(fact)
      if (change === undefined) return []
      const key = rowKey(commit, position, index, fact)
      return [{ ...key, actor: fact.actor, channel: channelOf(position), ...change }]
    }),
}
