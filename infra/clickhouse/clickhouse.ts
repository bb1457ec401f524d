import type { ClickHouseClient } from "@clickhouse/client"
import { openEmbedded } from "./embedded.ts"
import type { NativeBlock } from "./native/native-rows.ts"
import { connectToServer } from "./server.ts"

/** Where ClickHouse is: the engine in this process over a directory, or a server. Source: P1. */
export type ClickHouseAddress =
  | { readonly path: string }
  | {
      readonly url: string
      /** Makes tables replicated, for a server that belongs to a cluster. Default: false. */
      readonly isReplicated?: boolean
    }

/** A value that stands in a query as `{name: Type}`. */
export type QueryParameter = string | number | boolean | ReadonlyArray<number>

/** Rows for one table that go in together. */
export interface Insert {
  readonly table: string
  readonly columns: ReadonlyArray<string>
  /** A line a row: its values in the order of the columns, as a JSON list; or a block that was collected. */
  readonly rows: string | NativeBlock
  /** A second insert of the same token changes nothing. Source: P2. */
  readonly token: string
}

/** One connection to ClickHouse; the same SQL goes to the embedded engine and to a server. Source: P1. */
export interface ClickHouse {
  readonly client: ClickHouseClient
  readonly isReplicated: boolean
  insert(insert: Insert): Promise<void>
  query<Row>(sql: string, parameters?: Record<string, QueryParameter>): Promise<ReadonlyArray<Row>>
  command(sql: string): Promise<void>
  close(): Promise<void>
}

/** The database that holds every table. */
export const databaseName = "sluice"

/**
 * Reads a place as it stands in an argument or in `CLICKHOUSE_URL`: a URL is a server, anything else a directory.
 */
export const clickHouseAt = (text: string): ClickHouseAddress =>
  /^https?:\/\//.test(text) ? { url: text } : { path: text }

const insertSettings = [
  // A row is in its table when the insert is answered; the default collects rows in memory first.
  "async_insert = 0",
  "deduplicate_blocks_in_dependent_materialized_views = 1",
  // A block is too small for threads to pay for themselves.
  "input_format_parallel_parsing = 0",
  "max_insert_threads = 1",
  "max_threads = 1",
  // Rows of one insert never replace each other.
  "optimize_on_insert = 0",
].join(", ")

const querySettings = [
  "date_time_output_format = 'iso'",
  "output_format_json_quote_64bit_integers = 0",
  // Rows of one key share their time, and so their partition.
  "do_not_merge_across_partitions_select_final = 1",
].join(", ")

/**
 * Opens a connection to the embedded engine or to a server; further ones of a process to the same directory share its engine.
 *
 * Fails: rejects with `DirectoryInUse` where another process holds the directory, and with `ClickHouseUnavailable`.
 * Source: P1; settings P2. They stand in each statement, because one that is set sticks to the connection.
 */
export const openClickHouse = async (address: ClickHouseAddress): Promise<ClickHouse> => {
  const engine = await ("path" in address ? openEmbedded(address.path) : connectToServer(address.url))
  const { client } = engine
  return {
    client,
    isReplicated: "url" in address && address.isReplicated === true,
    insert: ({ table, columns, rows, token }) => {
      const names = columns.map((column) => `\`${column}\``).join(", ")
      const isText = typeof rows === "string"
      const format = isText ? "JSONCompactEachRow" : "Native"
      return engine.insert({
        table,
        into: `INSERT INTO ${databaseName}.${table} (${names})`,
        as: `SETTINGS insert_deduplication_token = '${token}', ${insertSettings} FORMAT ${format}`,
        rows: isText ? [Buffer.from(rows)] : rows,
      })
    },
    query: async <Row>(sql: string, parameters: Record<string, QueryParameter> = {}) => {
      const result = await client.query({
        query: `${sql}\nSETTINGS ${querySettings}`,
        query_params: parameters,
        format: "JSONEachRow",
      })
      return result.json<Row>()
    },
    command: async (sql) => {
      await client.command({ query: sql })
    },
    close: () => engine.close(),
  }
}
