import {
  databaseName,
  type ClickHouse,
  type Insert,
  type QueryParameter,
} from "@sluice/infra/clickhouse/clickhouse.ts"
import { readNative } from "@sluice/infra/clickhouse/native/read-native.ts"
import { sleep } from "@sluice/infra/clock/clock.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"

/** How a database misbehaves. Units: shares of inserts. */
export interface TablesFaults {
  readonly random: () => number
  /** Inserts that fail before anything is written. */
  readonly refused: number
  /** Inserts that are written, and fail. */
  readonly unanswered: number
}

interface Stored {
  readonly columns: ReadonlyArray<string>
  readonly row: ReadonlyArray<unknown>
  readonly storedAt: number
}

type Row = Readonly<Record<string, unknown>>

/**
 * The tables of the projector in memory: an insert whose token is known changes nothing, and a row replaces the one with its key.
 *
 * It understands the statements that the projector's recovery uses.
 */
export class SimulatedTables {
  readonly #rows = new Map<string, Map<string, Stored>>()
  readonly #tokens = new Map<string, number>()
  readonly faults: TablesFaults
  isHealed = false

  constructor(faults: TablesFaults) {
    this.faults = faults
  }

  /** Lists the tables that are made from the log and hold something. */
  get names(): ReadonlyArray<string> {
    return [...this.#rows.keys()].filter((table) => table !== "meta")
  }

  /** Returns the rows of a table as they were inserted, in no order. */
  lines(table: string): ReadonlyArray<string> {
    return [...(this.#rows.get(table)?.values() ?? [])].map(({ row }) => JSON.stringify(row))
  }

  /** Returns the highest sequence that a table has a row of (0 = none). */
  lastSequence(table: string): number {
    return Math.max(0, ...this.#all(table).map((row) => Number(row["sequence"])))
  }

  /** ClickHouse does not sync: what came in the last moments is lost, with the tokens that it knew it by. */
  cutPower(clock: Clock, spanMs: number): void {
    const since = clock.now() - spanMs
    for (const table of this.#rows.values())
      for (const [key, { storedAt }] of table) if (storedAt >= since) table.delete(key)
    for (const [token, storedAt] of this.#tokens) if (storedAt >= since) this.#tokens.delete(token)
  }

  /** Returns the database as a process sees it. */
  seenBy(clock: Clock): ClickHouse {
    return {
      // Only migrations and the query server use the client itself.
      client: undefined as never,
      isReplicated: false,
      insert: async (insert) => {
        await this.#took(clock)
        if (this.#draw(this.faults.refused)) throw new Error("the database does not answer")
        this.#insert(insert, clock.now())
        await this.#took(clock)
        if (this.#draw(this.faults.unanswered)) throw new Error("the database did not answer in time")
      },
      query: async <Found>(sql: string, parameters: Record<string, QueryParameter> = {}) => {
        await this.#took(clock)
        return this.#query(sql, parameters) as ReadonlyArray<Found>
      },
      command: async (sql) => {
        await this.#took(clock)
        const [, table, condition] =
          /^(?:TRUNCATE|ALTER) TABLE \w+\.(\w+)(?: DELETE WHERE (.*) SETTINGS .*)?$/.exec(sql) ?? []
        if (table === undefined && !isOfCopy(sql)) throw new Error(`not understood: ${sql}`)
        if (table !== undefined) this.#delete(table, condition === undefined ? 0 : sequenceIn(condition))
      },
      close: async () => undefined,
    }
  }

  #insert({ table, columns, rows, token }: Insert, now: number): void {
    if (this.#tokens.has(token)) return
    this.#tokens.set(token, now)
    const kept = this.#rows.get(table) ?? new Map<string, Stored>()
    this.#rows.set(table, kept)
    for (const line of linesOf(rows)) {
      const row = JSON.parse(line) as ReadonlyArray<unknown>
      kept.set(keyOf(columns, row), { columns, row, storedAt: now })
    }
  }

  #delete(table: string, afterSequence: number): void {
    const rows = this.#rows.get(table) ?? new Map<string, Stored>()
    for (const [key, { columns, row }] of rows)
      if (Number(row[columns.indexOf("sequence")]) > afterSequence) rows.delete(key)
  }

  #query(sql: string, parameters: Record<string, QueryParameter>): ReadonlyArray<unknown> {
    // There is one log, so no tables of another are kept aside.
    if (sql.includes("FROM system.databases")) return []
    const table = new RegExp(`FROM ${databaseName}\\.(\\w+)`).exec(sql)?.[1]
    if (table === undefined) throw new Error(`not understood: ${sql}`)
    if (table === "meta")
      return this.#all("meta").flatMap(({ key, value }) => (key === parameters["key"] ? [{ value }] : []))
    if (sql.startsWith("SELECT 1 FROM")) return this.#all(table).slice(0, 1)
    if (sql.includes(" AS found "))
      return [
        { found: this.lastSequence(table) > sequenceIn(sql.replace("max(sequence)", "sequence")) ? 1 : 0 },
      ]
    return this.#counts(table, parameters["firsts"], parameters["lasts"])
  }

  #all(table: string): ReadonlyArray<Row> {
    return [...(this.#rows.get(table)?.values() ?? [])].map(({ columns, row }) =>
      Object.fromEntries(columns.map((column, at) => [column, row[at]])),
    )
  }

  #counts(table: string, firsts: unknown, lasts: unknown): ReadonlyArray<unknown> {
    if (!Array.isArray(firsts) || !Array.isArray(lasts)) throw new Error("a count needs its bounds")
    const sequences = this.#all(table).map((row) => Number(row["sequence"]))
    return firsts.map((first: number, at) => ({
      first,
      count: sequences.filter((sequence) => sequence >= first && sequence <= Number(lasts[at])).length,
    }))
  }

  #draw(share: number): boolean {
    return !this.isHealed && this.faults.random() < share
  }

  #took(clock: Clock): Promise<void> {
    return sleep(clock, Math.ceil(this.faults.random() * 10))
  }
}

/** Returns rows as text, each a JSON list of its values. */
export const linesOf = (rows: Insert["rows"]): ReadonlyArray<string> =>
  typeof rows === "string" ? rows.split("\n") : readNative(rows).rows.map((row) => JSON.stringify(row))

/** Nothing is ever purged from the simulated log, so that conditions speak of the sequence alone. */
const sequenceIn = (text: string): number => {
  const found = /\bsequence > (\d+)(?! AND)/.exec(text)?.[1]
  if (found === undefined) throw new Error(`not understood: ${text}`)
  return Number(found)
}

/** A copy of the tables that is kept aside is nothing that the log is compared with. */
const isOfCopy = (sql: string): boolean => sql.startsWith("CREATE ") || sql.includes(" ATTACH PARTITION ")

/** The first columns tell a row from all others; a setting has its name. */
const keyOf = (columns: ReadonlyArray<string>, row: ReadonlyArray<unknown>): string => {
  const key = ["subject", "version", "index"].map((column) => row[columns.indexOf(column)])
  return columns.includes("key") ? String(row[columns.indexOf("key")]) : JSON.stringify(key)
}
