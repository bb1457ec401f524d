import type { Fact } from "@sluice/events/commit.ts"
import { idOf } from "@sluice/events/identifier.ts"
import { category, nullable, text, time } from "@sluice/infra/clickhouse/native/column-types.ts"
import { keyColumns, rowKey, timeColumn, type Projection, type RowKey } from "./row.ts"

/** The begin or the end of a stay; the view `sessions` puts both together, whichever block each came in. */
export interface SessionStepRow extends RowKey {
  readonly account: string
  readonly session: string
  /** The id that begin and end of one stay share. */
  readonly stay: string
  readonly step: "registered" | "ended"
  readonly lastSeenAt: number | null
  /** Why it ended; empty at its begin. */
  readonly why: string
}

type Ending = Pick<SessionStepRow, "step" | "lastSeenAt" | "why">
type SessionFact = Extract<Fact, { type: `account.session_${string}` }>

const isSessionFact = (fact: Fact): fact is SessionFact => fact.type.startsWith("account.session_")

const endingOf = (fact: SessionFact): Ending => {
  if (fact.type === "account.session_registered") return { step: "registered", lastSeenAt: null, why: "" }
  const why = fact.type === "account.session_released" ? fact.reason : "expired"
  return { step: "ended", lastSeenAt: timeColumn(fact.lastSeenAt), why }
}

/** Makes the table `session_steps`, over which `sessions` is a view. Source: P2, B6. */
export const sessions: Projection<SessionStepRow> = {
  table: "session_steps",
  columns: {
    ...keyColumns,
    account: category,
    session: text,
    stay: text,
    step: category,
    lastSeenAt: nullable(time),
    why: category,
  },
  rows: (commit, position) =>
    commit.facts.flatMap((fact, index) => {
      if (!isSessionFact(fact)) return []
      const { session, stay } = fact
      return [
        {
          ...rowKey(commit, position, index, fact),
          account: idOf(fact.actor),
          session,
          stay,
          ...endingOf(fact),
        },
      ]
    }),
}
