const nothing = Buffer.alloc(0)
const smallestGrowth = 16 * 1024

/** The bytes of a body that comes in pieces, which are copied together as they come: many small ones would take many times their size. */
export class GatheredBody {
  #bytes: Buffer = nothing
  #length = 0
  readonly #declaredBytes: number

  /** `declaredBytes` is what the whole is said to have; 0 where nothing is said. */
  constructor(declaredBytes: number) {
    this.#declaredBytes = declaredBytes
  }

  /** How much memory it takes once another piece is added. */
  capacityWith(piece: Buffer): number {
    const length = this.#length + piece.length
    if (length <= this.#bytes.length || this.#length === 0) return Math.max(length, this.#bytes.length)
    return Math.max(this.#declaredBytes, length, smallestGrowth, 2 * this.#bytes.length)
  }

  /** Adds a piece; one that is the first is kept as it is. */
  add(piece: Buffer): void {
    if (this.#length === 0) this.#bytes = piece
    else {
      const capacity = this.capacityWith(piece)
      if (capacity > this.#bytes.length) this.#grow(capacity)
      piece.copy(this.#bytes, this.#length)
    }
    this.#length += piece.length
  }

  #grow(capacity: number): void {
    const grown = Buffer.allocUnsafeSlow(capacity)
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }

  /** Forgets what has come. */
  drop(): void {
    this.#bytes = nothing
    this.#length = 0
  }

  /** Returns all that has come. */
  whole(): Buffer {
    return this.#bytes.length === this.#length ? this.#bytes : this.#bytes.subarray(0, this.#length)
  }
}
