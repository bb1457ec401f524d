const firstBytes = 4 * 1024
/** A UTF-16 unit takes so many bytes of UTF-8 at most. */
const bytesPerUnit = 3
/** Memory of which less than one part in so many was used goes back, so that a burst does not hold it for ever. */
const leastUse = 8
const wordSize = 2 ** 32
/** A length takes one byte for each seven bits that it has. */
const bitsPerByte = 7
const moreFollows = 1 << bitsPerByte
const longestLengthBytes = 5

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

const lengthBytesOf = (length: number): number => {
  let bytes = 1
  for (let left = length; left >= moreFollows; left >>>= bitsPerByte) bytes += 1
  return bytes
}

/**
 * Values one behind the other as ClickHouse's binary formats have them, in memory outside the heap that is used again after `clear`.
 *
 * Neither what waits to be written nor what was written is anything for the garbage collector to look at, to move, or to free.
 */
export class GrowingBytes {
  #bytes = Buffer.allocUnsafeSlow(firstBytes)
  #view = viewOf(this.#bytes)
  #length = 0

  uint8(value: number): void {
    const at = this.#take(1)
    this.#view.setUint8(at, value)
  }

  uint32(value: number): void {
    const at = this.#take(4)
    this.#view.setUint32(at, value, true)
  }

  /** Takes whole numbers that a double holds exactly; the bytes of one that is not negative are those of a UInt64, too. */
  int64(value: number): void {
    const at = this.#take(8)
    const high = Math.floor(value / wordSize)
    this.#view.setUint32(at, value - high * wordSize, true)
    this.#view.setInt32(at + 4, high, true)
  }

  float64(value: number): void {
    const at = this.#take(8)
    this.#view.setFloat64(at, value, true)
  }

  /** Takes a text in UTF-8 behind its length in bytes; half of a surrogate pair becomes U+FFFD. */
  text(value: string): void {
    const most = value.length * bytesPerUnit
    const at = this.#reserve(most + longestLengthBytes)
    // Most texts are ASCII.
    const guessed = lengthBytesOf(value.length)
    const written = this.#bytes.write(value, at + guessed)
    const needed = lengthBytesOf(written)
    if (needed !== guessed) this.#bytes.copyWithin(at + needed, at + guessed, at + guessed + written)
    this.#writeLength(written, at, needed)
    this.#length = at + needed + written
  }

  /** Takes a number that tells how much follows. */
  length(value: number): void {
    const bytes = lengthBytesOf(value)
    this.#writeLength(value, this.#take(bytes), bytes)
  }

  /** Everything since the last `clear`; it stands until the next one. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Begins anew. */
  clear(): void {
    if (this.#length * leastUse < this.#bytes.length && this.#bytes.length > firstBytes)
      this.#replace(Buffer.allocUnsafeSlow(Math.max(firstBytes, this.#length)))
    this.#length = 0
  }

  #writeLength(value: number, at: number, bytes: number): void {
    let left = value
    for (let place = at; place < at + bytes - 1; place++, left >>>= bitsPerByte)
      this.#bytes[place] = (left % moreFollows) + moreFollows
    this.#bytes[at + bytes - 1] = left
  }

  #take(bytes: number): number {
    const at = this.#reserve(bytes)
    this.#length = at + bytes
    return at
  }

  /** Makes room and gives where it begins. */
  #reserve(bytes: number): number {
    const needed = this.#length + bytes
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#replace(grown)
    }
    return this.#length
  }

  #replace(bytes: Buffer<ArrayBuffer>): void {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }
}
