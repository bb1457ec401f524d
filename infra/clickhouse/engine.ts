import type { ClickHouseClient } from "@clickhouse/client"

/** An insert in parts, because an engine may want its rows elsewhere than behind it. */
export interface InsertStatement {
  readonly table: string
  /** `INSERT INTO …`. */
  readonly into: string
  /** `SETTINGS … FORMAT …`. */
  readonly as: string
  /** The rows in that format, in pieces that belong one behind the other. */
  readonly rows: ReadonlyArray<Uint8Array>
}

/** What carries statements out: the engine in this process, or a server. Source: P1. */
export interface Engine {
  readonly client: ClickHouseClient
  insert(statement: InsertStatement): Promise<void>
  close(): Promise<void>
}
