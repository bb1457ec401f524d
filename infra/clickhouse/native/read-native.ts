import type { NativeBlock } from "./native-rows.ts"

/** What a block holds, a list of values a row; amounts and times are whole numbers in the unit of their column. */
export interface NativeContents {
  readonly names: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<Value>>
}

type Value = number | string | boolean | null

/**
 * Reads a block of the column types that Sluice writes, as the engine does.
 *
 * Fails: throws where the block holds another type, or ends too early or too late.
 */
export const readNative = (block: NativeBlock): NativeContents => {
  const reader = new Reader(Buffer.concat(block))
  const [columns, count] = [reader.length(), reader.length()]
  const names: Array<string> = []
  const values: Array<ReadonlyArray<Value>> = []
  for (let column = 0; column < columns; column++) {
    names.push(reader.text())
    values.push(reader.values(reader.text(), count))
  }
  reader.requireEnd()
  const rows = Array.from({ length: count }, (_, row) => values.map((column) => column[row] ?? null))
  return { names, rows }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  values(type: string, count: number): ReadonlyArray<Value> {
    const [, inner] = /^Nullable\((.*)\)$/.exec(type) ?? []
    if (inner !== undefined) return this.#nullable(inner, count)
    if (type === "LowCardinality(String)") return this.#categories(count)
    return this.#many(count, () => this.#one(type))
  }

  length(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes.readUInt8(this.#take(1))
      value += (byte % 128) * scale
      if (byte < 128) return value
    }
  }

  text(): string {
    const length = this.length()
    const at = this.#take(length)
    return this.#bytes.toString("utf8", at, at + length)
  }

  requireEnd(): void {
    if (this.#at !== this.#bytes.length)
      throw new RangeError(`${this.#bytes.length - this.#at} bytes are left`)
  }

  #one(type: string): Value {
    switch (type) {
      case "String":
        return this.text()
      case "Bool":
        return this.#bytes.readUInt8(this.#take(1)) === 1
      case "UInt32":
        return this.#bytes.readUInt32LE(this.#take(4))
      case "Float64":
        return this.#bytes.readDoubleLE(this.#take(8))
      case "UInt64":
        return Number(this.#bytes.readBigUInt64LE(this.#take(8)))
      case "Int64":
      case "DateTime64(3, 'UTC')":
      case "Decimal(18, 9)":
        return Number(this.#bytes.readBigInt64LE(this.#take(8)))
      default:
        throw new TypeError(`a column of ${type} is not understood`)
    }
  }

  #nullable(inner: string, count: number): ReadonlyArray<Value> {
    const isNull = this.#many(count, () => this.#bytes.readUInt8(this.#take(1)) === 1)
    return this.values(inner, count).map((value, row) => (isNull[row] === true ? null : value))
  }

  /** Behind a version and a word of flags: the different texts, and for each row which of them it has. */
  #categories(count: number): ReadonlyArray<Value> {
    this.#take(16)
    const texts = this.#many(this.#one("UInt64") as number, () => this.text())
    this.#take(8)
    return this.#many(count, () => texts[this.#one("UInt32") as number] ?? null)
  }

  #many<One>(count: number, one: () => One): ReadonlyArray<One> {
    return Array.from({ length: count }, one)
  }

  #take(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    if (this.#at > this.#bytes.length) throw new RangeError("the block ends too early")
    return at
  }
}
