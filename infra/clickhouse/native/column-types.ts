import { GrowingBytes } from "./growing-bytes.ts"

/** Values of one column that are collected for a block. */
export interface Column<in Value> {
  add(value: Value): void
  /** Returns the values as they stand in a block of the format Native; they stand until `clear`. */
  parts(): ReadonlyArray<Uint8Array>
  /** Begins anew, in the same memory. */
  clear(): void
}

/** What a column holds: its type as ClickHouse names it, and how its values are collected. */
export interface ColumnType<in Value> {
  readonly name: string
  collect(): Column<Value>
}

type Write<Value> = (into: GrowingBytes, value: Value) => void

/** A type whose values stand one behind the other. */
interface PlainType<in Value> extends ColumnType<Value> {
  readonly write: Write<Value>
}

class PlainColumn<Value> implements Column<Value> {
  readonly #values = new GrowingBytes()
  readonly #write: Write<Value>

  constructor(write: Write<Value>) {
    this.#write = write
  }

  add(value: Value): void {
    this.#write(this.#values, value)
  }

  parts(): ReadonlyArray<Uint8Array> {
    return [this.#values.written()]
  }

  clear(): void {
    this.#values.clear()
  }
}

const plain = <Value>(name: string, write: Write<Value>): PlainType<Value> => ({
  name,
  write,
  collect: () => new PlainColumn(write),
})

/** Whole numbers that are never negative. */
export const uint64 = plain<number>("UInt64", (into, value) => into.int64(value))

/** Whole numbers. */
export const int64 = plain<number>("Int64", (into, value) => into.int64(value))

/** Small whole numbers that are never negative. */
export const uint32 = plain<number>("UInt32", (into, value) => into.uint32(value))

/** Numbers of any kind. */
export const float64 = plain<number>("Float64", (into, value) => into.float64(value))

/** True if something is so. */
export const bool = plain<boolean>("Bool", (into, value) => into.uint8(value ? 1 : 0))

/** Any text. */
export const text = plain<string>("String", (into, value) => into.text(value))

/** Anything that JSON can hold, as JSON. */
export const json = plain<object>("String", (into, value) => into.text(JSON.stringify(value)))

/** Times. Units: milliseconds since the epoch. */
export const time = plain<number>("DateTime64(3, 'UTC')", (into, value) => into.int64(value))

/** Amounts in USD, exact to nine places. Units: the values are nano-USD, whole. */
export const usd = plain<number>("Decimal(18, 9)", (into, value) => into.int64(value))

class NullableColumn implements Column<number | null> {
  readonly #nulls = new GrowingBytes()
  readonly #values = new GrowingBytes()
  readonly #write: Write<number>

  constructor(write: Write<number>) {
    this.#write = write
  }

  add(value: number | null): void {
    this.#nulls.uint8(value === null ? 1 : 0)
    this.#write(this.#values, value ?? 0)
  }

  parts(): ReadonlyArray<Uint8Array> {
    return [this.#nulls.written(), this.#values.written()]
  }

  clear(): void {
    this.#nulls.clear()
    this.#values.clear()
  }
}

/** Numbers, some of which are not known. */
export const nullable = ({ name, write }: PlainType<number>): ColumnType<number | null> => ({
  name: `Nullable(${name})`,
  collect: () => new NullableColumn(write),
})

/** The version of the way in which a block tells its different texts. */
const dictionaryVersion = 1
/** The different texts stand in the block itself, and places among them have four bytes. */
const ownDictionary = (1 << 9) | 2

/** Each different text stands once, and the rows hold its place. */
class CategoryColumn implements Column<string> {
  readonly #head = new GrowingBytes()
  readonly #texts = new GrowingBytes()
  readonly #count = new GrowingBytes()
  readonly #rows = new GrowingBytes()
  readonly #places = new Map<string, number>()
  #last: string | undefined
  #lastPlace = 0

  add(value: string): void {
    // Rows of one commit mostly share their texts.
    if (value !== this.#last) {
      this.#lastPlace = this.#places.get(value) ?? this.#insert(value)
      this.#last = value
    }
    this.#rows.uint32(this.#lastPlace)
  }

  parts(): ReadonlyArray<Uint8Array> {
    this.#head.clear()
    this.#head.int64(dictionaryVersion)
    this.#head.int64(ownDictionary)
    this.#head.int64(this.#places.size)
    const rows = this.#rows.written()
    this.#count.clear()
    this.#count.int64(rows.length / 4)
    return [this.#head.written(), this.#texts.written(), this.#count.written(), rows]
  }

  clear(): void {
    this.#texts.clear()
    this.#rows.clear()
    this.#places.clear()
    this.#last = undefined
  }

  #insert(value: string): number {
    const place = this.#places.size
    this.#places.set(value, place)
    this.#texts.text(value)
    return place
  }
}

/** Texts of which there are few different ones. */
export const category: ColumnType<string> = {
  name: "LowCardinality(String)",
  collect: () => new CategoryColumn(),
}
