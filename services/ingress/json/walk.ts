import { endsRun, expects, isEscape, isHexDigit, mayEnd, nextPlace, token, words } from "./grammar.ts"

const noBytes = new DataView(new ArrayBuffer(0))
const deepestLevel = 512

/** Finds the end of a run of plain characters in a text, four bytes at a time while these are all plain. */
const runEnd = (piece: Buffer, view: DataView, from: number): number => {
  const end = piece.length
  let at = from
  for (; at + 4 <= end; at += 4) {
    const four = view.getInt32(at, true)
    const quotes = four ^ 0x22222222
    const escapes = four ^ 0x5c5c5c5c
    // A byte of zero borrows from its highest bit, as one below a space does where 0x20 is taken from it.
    const found =
      ((four - 0x20202020) & ~four) | ((quotes - 0x01010101) & ~quotes) | ((escapes - 0x01010101) & ~escapes)
    if ((found & 0x80808080) !== 0) break
  }
  while (at < end && endsRun[piece[at] as number] === 0) at += 1
  return at
}

/** In what a level is: an object, where this bit is set, or else a list. */
export const isObjectLevel = 1

/**
 * Follows JSON that comes in pieces from token to token, as strictly as `JSON.parse` does, up to 512 levels deep.
 *
 * It keeps a number for each level and nothing of what has passed, so that neither its memory nor the time of a step depends on what stands in the JSON.
 * Source: RFC 8259.
 */
export abstract class JsonWalk {
  readonly #stopsAtEnd: boolean
  #expected: number = expects.value
  #token: number = token.none
  /** Of a number. */
  #place = 0
  #word = ""
  #wordAt = 0
  #isKey = false
  /** How many digits of an escape are to come; -1 right behind the backslash. */
  #escape = 0
  /** The bytes of this piece, to read several at a time. */
  #view: DataView = noBytes
  /** What each level is that has begun, the innermost one last. */
  protected readonly levels: number[] = []
  /** How much came before this piece. */
  protected base = 0
  /** Where the newest text begins, behind its quote, in all that came. */
  protected textStart = 0
  /** True if the newest text holds an escape. */
  protected isEscaped = false
  /** What is wrong; nothing more is read then. */
  problem: string | undefined
  /** True if the outermost value has come to its end. */
  isWhole = false

  /** With `stopsAtEnd` it leaves unread what comes after the outermost value, which is an object or a list; else nothing but space may come there. */
  constructor(stopsAtEnd: boolean) {
    this.#stopsAtEnd = stopsAtEnd
  }

  /** Begins an object or a list inside of the levels that there are. Returns what the new level is. */
  protected abstract onOpen(at: number, kind: number): number
  /** Ends the innermost level, which is still there. */
  protected abstract onClose(end: number): void
  /** Begins a value that is no object and no list. */
  protected abstract onScalar(at: number): void
  /** Ends a value, at whose level it stands then. */
  protected abstract onValueEnd(piece: Buffer, end: number): void
  protected abstract onTextEnd(at: number): void
  protected abstract onKeyEnd(piece: Buffer, at: number): void
  /** Ends a piece; where `isInKey`, in the middle of a key. */
  protected abstract onPieceEnd(piece: Buffer, end: number, isInKey: boolean): void

  /** What the innermost level is. */
  protected get level(): number {
    return this.levels[this.levels.length - 1] ?? 0
  }

  /** Reads the next piece. Returns how much of it was read: all of it, or all up to the end or to a problem. */
  feed(piece: Buffer): number {
    this.#view = new DataView(piece.buffer, piece.byteOffset, piece.length)
    let at = 0
    while (at < piece.length && this.problem === undefined) {
      if (this.#token === token.none) {
        at = this.#between(piece, at)
        if (this.isWhole && this.#stopsAtEnd) break
      } else if (this.#token === token.text) at = this.#text(piece, at)
      else if (this.#token === token.number) at = this.#number(piece, at)
      else at = this.#restOfWord(piece, at)
    }
    if (this.problem === undefined) this.onPieceEnd(piece, at, this.#isKey && this.#token === token.text)
    this.base += at
    return at
  }

  #between(piece: Buffer, from: number): number {
    let at = from
    for (; at < piece.length; at += 1) {
      const byte = piece[at] as number
      switch (byte) {
        case 0x20:
        case 0x0a:
        case 0x0d:
        case 0x09:
          continue
        case 0x22:
          return this.#openText(at)
        case 0x7b:
          if (!this.#open(at, isObjectLevel)) return at
          continue
        case 0x5b:
          if (!this.#open(at, 0)) return at
          continue
        case 0x7d:
        case 0x5d:
          if (!this.#close(piece, at, byte)) return at
          if (this.isWhole && this.#stopsAtEnd) return at + 1
          continue
        case 0x2c:
          if (this.#expected !== expects.commaOrEnd) return this.#fail(at)
          this.#expected = this.level & isObjectLevel ? expects.key : expects.value
          continue
        case 0x3a:
          if (this.#expected !== expects.colon) return this.#fail(at)
          this.#expected = expects.value
          continue
        default:
          return this.#openScalar(piece, at)
      }
    }
    return at
  }

  #open(at: number, kind: number): boolean {
    if (this.#expected > expects.valueOrEnd) return this.refuse()
    if (this.levels.length >= deepestLevel)
      return this.refuse(`It is nested more than ${deepestLevel} levels deep.`)
    this.levels.push(this.onOpen(at, kind))
    this.#expected = kind === isObjectLevel ? expects.keyOrEnd : expects.valueOrEnd
    return true
  }

  #close(piece: Buffer, at: number, byte: number): boolean {
    const isObject = byte === 0x7d
    const level = this.levels.at(-1)
    const isExpected =
      this.#expected === expects.commaOrEnd ||
      this.#expected === (isObject ? expects.keyOrEnd : expects.valueOrEnd)
    if (level === undefined || !isExpected || ((level & isObjectLevel) !== 0) !== isObject)
      return this.refuse()
    this.onClose(at + 1)
    this.levels.pop()
    this.#endValue(piece, at + 1)
    return true
  }

  #endValue(piece: Buffer, end: number): void {
    this.onValueEnd(piece, end)
    this.isWhole = this.levels.length === 0
    this.#expected = this.isWhole ? expects.nothing : expects.commaOrEnd
  }

  #openText(at: number): number {
    this.#isKey = this.#expected === expects.key || this.#expected === expects.keyOrEnd
    if (!this.#isKey) {
      if (this.#expected > expects.valueOrEnd) return this.#fail(at)
      this.onScalar(at)
    }
    this.#token = token.text
    this.isEscaped = false
    this.textStart = this.base + at + 1
    return at + 1
  }

  #text(piece: Buffer, from: number): number {
    const end = piece.length
    let at = from
    while (at < end) {
      if (this.#escape !== 0) {
        if (!this.#escaped(piece[at] as number)) return this.#fail(at)
        at += 1
        continue
      }
      at = runEnd(piece, this.#view, at)
      if (at === end) break
      const byte = piece[at] as number
      if (byte === 0x22) {
        this.#token = token.none
        this.#endText(piece, at)
        return at + 1
      }
      if (byte !== 0x5c) return this.#fail(at)
      this.isEscaped = true
      // Nearly every escape is one of a letter, and stands in one piece.
      if (at + 1 < end && isEscape[piece[at + 1] as number] === 1) at += 2
      else {
        this.#escape = -1
        at += 1
      }
    }
    return at
  }

  /** Follows an escape. Returns false where it is none. */
  #escaped(byte: number): boolean {
    if (this.#escape === -1) {
      this.#escape = byte === 0x75 ? 4 : 0
      return byte === 0x75 || isEscape[byte] === 1
    }
    this.#escape -= 1
    return isHexDigit[byte] === 1
  }

  #endText(piece: Buffer, at: number): void {
    if (this.#isKey) {
      this.#expected = expects.colon
      this.onKeyEnd(piece, at)
    } else {
      this.onTextEnd(at)
      this.#endValue(piece, at + 1)
    }
  }

  #openScalar(piece: Buffer, at: number): number {
    const byte = piece[at] as number
    const place = nextPlace[byte] as number
    const word = words.get(byte)
    if (this.#expected > expects.valueOrEnd || (place === 0 && word === undefined)) return this.#fail(at)
    this.onScalar(at)
    this.#place = place
    this.#word = word ?? ""
    this.#wordAt = 1
    this.#token = place === 0 ? token.word : token.number
    return at + 1
  }

  #number(piece: Buffer, from: number): number {
    const end = piece.length
    let place = this.#place
    for (let at = from; at < end; at += 1) {
      const next = nextPlace[place * 256 + (piece[at] as number)] as number
      if (next === 0) {
        if (mayEnd[place] !== true) return this.#fail(at)
        this.#token = token.none
        this.#endValue(piece, at)
        return at
      }
      place = next
    }
    this.#place = place
    return end
  }

  #restOfWord(piece: Buffer, from: number): number {
    let at = from
    while (at < piece.length && this.#wordAt < this.#word.length) {
      if (piece[at] !== this.#word.charCodeAt(this.#wordAt)) return this.#fail(at)
      this.#wordAt += 1
      at += 1
    }
    if (this.#wordAt === this.#word.length) {
      this.#token = token.none
      this.#endValue(piece, at)
    }
    return at
  }

  #fail(at: number): number {
    this.refuse()
    return at
  }

  /** Notes the first problem. */
  protected refuse(problem = "It is not JSON."): false {
    this.problem ??= problem
    return false
  }
}
