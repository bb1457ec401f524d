import type { Fact } from "@sluice/events/commit.ts"
import type { Evidence } from "@sluice/events/field.ts"
import {
  category,
  int64,
  json,
  nullable,
  text,
  time,
  uint64,
} from "@sluice/infra/clickhouse/native/column-types.ts"
import { keyColumns, rowKey, timeColumn, type Projection, type RowKey } from "./row.ts"

/** One step of a cooldown; the view `cooldowns` puts the steps of one together, whichever block each came in. */
export interface CooldownStepRow extends RowKey {
  readonly actor: string
  /** The id that all steps of one cooldown share. */
  readonly cooldown: string
  readonly step: "started" | "extended" | "ended"
  readonly until: number | null
  readonly consecutive: number | null
  readonly classification: string
  readonly evidence: Evidence
  readonly source: string
  readonly backoffMs: number | null
  readonly retryAfterMs: number | null
  readonly status: number | null
  readonly summary: string
  readonly endedBy: string
  /** The one that cools; empty where all do. */
  readonly model: string
}

type Step = Omit<CooldownStepRow, keyof RowKey>

const begun = (fact: Extract<Fact, { type: `${string}.cooldown_${"started" | "extended"}` }>): Step => ({
  actor: fact.actor,
  cooldown: fact.id,
  step: fact.type.endsWith("_started") ? "started" : "extended",
  until: timeColumn(fact.until),
  consecutive: fact.consecutive,
  classification: fact.classification,
  evidence: fact.evidence,
  source: fact.source,
  backoffMs: fact.backoffMs,
  retryAfterMs: fact.retryAfterMs,
  status: fact.status,
  summary: fact.summary,
  endedBy: "",
  model: fact.model ?? "",
})

const ended = (fact: Extract<Fact, { type: `${string}.cooldown_ended` }>): Step => ({
  actor: fact.actor,
  cooldown: fact.id,
  step: "ended",
  until: null,
  consecutive: null,
  classification: "",
  evidence: {},
  source: "",
  backoffMs: null,
  retryAfterMs: null,
  status: null,
  summary: "",
  endedBy: fact.reason,
  model: "",
})

const stepOf = (fact: Fact): Step | undefined => {
  if (fact.type === "account.cooldown_ended" || fact.type === "channel.cooldown_ended") return ended(fact)
  const isBegun =
    fact.type === "account.cooldown_started" ||
    fact.type === "account.cooldown_extended" ||
    fact.type === "channel.cooldown_started" ||
    fact.type === "channel.cooldown_extended"
  return isBegun ? begun(fact) : undefined
}

/** Makes the table `cooldown_steps`, over which `cooldowns` is a view. Source: P2, C3, C5. */
export const cooldowns: Projection<CooldownStepRow> = {
  table: "cooldown_steps",
  columns: {
    ...keyColumns,
    actor: category,
    cooldown: text,
    step: category,
    until: nullable(time),
    consecutive: nullable(uint64),
    classification: category,
    evidence: json,
    source: category,
    backoffMs: nullable(int64),
    retryAfterMs: nullable(int64),
    status: nullable(int64),
    summary: text,
    endedBy: category,
    model: category,
  },
  rows: (commit, position) =>
    commit.facts.flatMap((fact, index) => {
      const step = stepOf(fact)
      return step === undefined ? [] : [{ ...rowKey(commit, position, index, fact), ...step }]
    }),
}
