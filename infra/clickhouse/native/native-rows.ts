import type { Column, ColumnType } from "./column-types.ts"
import { GrowingBytes } from "./growing-bytes.ts"

/** The columns of a table: what each field of a row becomes. */
export type Columns<Row> = { readonly [Name in keyof Row]-?: ColumnType<Row[Name]> }

/** A block of rows in ClickHouse's format Native, in pieces that belong one behind the other. */
export type NativeBlock = ReadonlyArray<Uint8Array>

interface NamedColumn {
  readonly name: string
  readonly values: Column<unknown>
  /** The name and the type as they stand before the values. */
  readonly title: Uint8Array
}

const named = ([name, type]: [string, ColumnType<unknown>]): NamedColumn => {
  const title = new GrowingBytes()
  title.text(name)
  title.text(type.name)
  return { name, values: type.collect(), title: title.written() }
}

/**
 * Rows for one table that are collected column by column, as the engine itself keeps them: it takes them in a third of the time that it needs for rows of text.
 *
 * Source: ClickHouse's documentation of the format Native, and of `LowCardinality` in it.
 */
export class NativeRows<Row> {
  readonly names: ReadonlyArray<string>
  readonly #columns: ReadonlyArray<NamedColumn>
  readonly #head = new GrowingBytes()
  #count = 0

  constructor(columns: Columns<Row>) {
    this.#columns = Object.entries(columns as Columns<Record<string, unknown>>).map(named)
    this.names = this.#columns.map(({ name }) => name)
  }

  get count(): number {
    return this.#count
  }

  add(rows: ReadonlyArray<Row>): void {
    for (const { name, values } of this.#columns)
      for (const row of rows) values.add((row as Readonly<Record<string, unknown>>)[name])
    this.#count += rows.length
  }

  /** Returns all rows, of which there has to be one; they stand until `clear`. */
  block(): NativeBlock {
    this.#head.clear()
    this.#head.length(this.#columns.length)
    this.#head.length(this.#count)
    return [this.#head.written(), ...this.#columns.flatMap(({ title, values }) => [title, ...values.parts()])]
  }

  /** Begins anew, in the same memory. */
  clear(): void {
    for (const { values } of this.#columns) values.clear()
    this.#count = 0
  }
}
