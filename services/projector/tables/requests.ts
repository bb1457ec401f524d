import type { Candidate } from "@sluice/events/ingress.ts"
import {
  bool,
  category,
  int64,
  json,
  nullable,
  text,
  time,
  uint64,
} from "@sluice/infra/clickhouse/native/column-types.ts"
import { keyColumns, rowKey, timeColumn, type Projection, type RowKey } from "./row.ts"

/** One request, as the fact that closes its story tells it, or a number of refused ones that have none. */
export interface RequestRow extends RowKey {
  readonly request: string
  readonly client: string
  readonly protocol: string
  readonly path: string
  readonly model: string
  readonly pool: string
  readonly channel: string
  readonly account: string
  readonly streaming: boolean
  readonly status: number
  readonly code: string
  readonly attempts: number
  /** How many of them the upstream refused for their rate. */
  readonly rateLimited: number
  readonly arrivedAt: number
  readonly waitMs: number
  readonly ttftMs: number | null
  readonly totalMs: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly candidates: ReadonlyArray<Candidate>
  /** Empty, as is its source, where the request belongs to none. */
  readonly session: string
  readonly sessionSource: string
  /** How many requests it stands for: 1, or as many as were refused before anything else was known of them. Source: A11. */
  readonly count: number
}

const untold = {
  request: "",
  protocol: "",
  path: "",
  model: "",
  pool: "",
  channel: "",
  account: "",
  streaming: false,
  attempts: 0,
  rateLimited: 0,
  waitMs: 0,
  ttftMs: null,
  totalMs: 0,
  bytesIn: 0,
  bytesOut: 0,
  candidates: [],
  session: "",
  sessionSource: "",
}

/** Makes the table `requests`. Source: docs/tables.md. */
export const requests: Projection<RequestRow> = {
  table: "requests",
  columns: {
    ...keyColumns,
    request: text,
    client: category,
    protocol: category,
    path: category,
    model: category,
    pool: category,
    channel: category,
    account: category,
    streaming: bool,
    status: int64,
    code: category,
    attempts: uint64,
    rateLimited: uint64,
    arrivedAt: time,
    waitMs: int64,
    ttftMs: nullable(int64),
    totalMs: int64,
    bytesIn: uint64,
    bytesOut: uint64,
    candidates: json,
    session: text,
    sessionSource: category,
    count: uint64,
  },
  rows: (commit, position) =>
    commit.facts.flatMap((fact, index): ReadonlyArray<RequestRow> => {
      if (fact.type === "requests.refused") {
        const { client, status, code, since, count } = fact
        const key = rowKey(commit, position, index, fact)
        return [{ ...key, ...untold, client, status, code, arrivedAt: timeColumn(since), count }]
      }
      if (fact.type !== "request.completed") return []
      return [
        {
          ...rowKey(commit, position, index, fact),
          request: fact.request,
          client: fact.client,
          protocol: fact.protocol,
          path: fact.path,
          model: fact.model,
          pool: fact.pool,
          channel: fact.channel,
          account: fact.account,
          streaming: fact.streaming,
          status: fact.status,
          code: fact.code,
          attempts: fact.attempts.length,
          rateLimited: fact.attempts.filter(({ outcome }) => outcome === "rate_limited").length,
          arrivedAt: timeColumn(fact.arrivedAt),
          waitMs: fact.waitMs,
          ttftMs: fact.ttftMs,
          totalMs: fact.totalMs,
          bytesIn: fact.bytesIn,
          bytesOut: fact.bytesOut,
          candidates: fact.candidates,
          session: fact.session ?? "",
          sessionSource: fact.sessionSource ?? "",
          count: 1,
        },
      ]
    }),
}
