import { isCheckpoint } from "@sluice/events/checkpoint.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { kindOf } from "@sluice/events/identifier.ts"
import { category, json, text } from "@sluice/infra/clickhouse/native/column-types.ts"
import { keyColumns, timeColumn, type Projection, type RowKey } from "./row.ts"

/** One fact; `data` is what it tells beside the other columns, which the column holds as JSON. */
export interface FactRow extends RowKey {
  readonly kind: string
  readonly actor: string
  readonly type: string
  /** Empty, as is `lease`, where the fact has none. */
  readonly request: string
  readonly lease: string
  readonly node: string
  readonly data: object
}

/** A fact whose own fields may be among those that have a column. */
type Told = Fact & { readonly request?: string; readonly lease?: string }

/** What a checkpoint holds is already told by the facts before it, and is large: the table only says that there is one, of which shape and code. Source: L5. */
const withoutState = <F extends Fact>(fact: F): Omit<F, "value" | "context"> => {
  if (!isCheckpoint(fact)) return fact
  const { value: _value, context: _context, ...told } = fact as F & { value: unknown; context: unknown }
  return told
}

/** Makes the table `facts`. Source: docs/tables.md. */
export const facts: Projection<FactRow> = {
  table: "facts",
  columns: {
    ...keyColumns,
    kind: category,
    actor: category,
    type: category,
    request: text,
    lease: text,
    node: category,
    data: json,
  },
  rows: (commit, { subject, sequence }) =>
    commit.facts.map((fact: Told, index) => {
      const { at, actor, type, request = "", lease = "", ...data } = withoutState(fact)
      return {
        at: timeColumn(at),
        sequence,
        subject,
        version: commit.version,
        index,
        kind: kindOf(actor),
        actor,
        type,
        request,
        lease,
        node: commit.node,
        data,
      }
    }),
}
