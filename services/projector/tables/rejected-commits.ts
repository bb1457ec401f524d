import { category, text, uint64 } from "@sluice/infra/clickhouse/native/column-types.ts"
import type { StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import type { Table } from "./row.ts"

/** A message that could not be read as a commit, whole, and why. */
export interface RejectedRow extends StoredMessage {
  readonly reason: string
}

/** The table of what could not be projected. Source: P3. */
export const rejectedCommits: Table<RejectedRow> = {
  table: "rejected_commits",
  columns: { sequence: uint64, subject: category, id: text, reason: text, body: text },
}
