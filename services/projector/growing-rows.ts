/**
 * Rows for one table that are collected outside the heap, in memory that is used again for the next block: neither what waits for a block to fill nor what
 * was written is anything for the garbage collector to look at, to move, or to free.
 */
export interface GrowingRows {
  readonly columns: ReadonlyArray<string>
  readonly count: number
  /** Takes rows, each a line. */
  add(lines: ReadonlyArray<string>): void
  /** All lines, one below the other, in UTF-8; they stand until `clear`. */
  bytes(): Uint8Array
  /** Begins anew. */
  clear(): void
}

const firstBytes = 64 * 1024
/** A UTF-16 unit takes so many bytes of UTF-8 at most. */
const bytesPerUnit = 3
/** Memory of which less than one part in so many was used goes back, so that a burst does not hold it for ever. */
const leastUse = 8

/** Begins without a row. */
export const createGrowingRows = (columns: ReadonlyArray<string>): GrowingRows => {
  let buffer = Buffer.allocUnsafeSlow(firstBytes)
  let length = 0
  let count = 0
  return {
    columns,
    get count() {
      return count
    },
    add: (lines) => {
      const text = `${count === 0 ? "" : "\n"}${lines.join("\n")}`
      const needed = length + text.length * bytesPerUnit
      if (needed > buffer.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * buffer.length))
        buffer.copy(grown, 0, 0, length)
        buffer = grown
      }
      length += buffer.write(text, length)
      count += lines.length
    },
    bytes: () => buffer.subarray(0, length),
    clear: () => {
      if (length * leastUse < buffer.length) buffer = Buffer.allocUnsafeSlow(Math.max(firstBytes, length))
      length = 0
      count = 0
    },
  }
}
