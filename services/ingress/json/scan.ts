import { fileKindOfKey, meaningOfKey, type Outline, type OutlineMember } from "./outline.ts"
import { isObjectLevel, JsonWalk } from "./walk.ts"

const longestValueBytes = 16 * 1024
const longestKeyBytes = 256
/** How deep the protocols nest their files below the outermost object. */
const deepestFileLevel = 10
const mostItems = 1_000
/** A text from so many bytes on is taken for the content of a file. */
const smallestFileBytes = 1_024

const holdsFilesLevel = 2
const isFileText = 1
const leadsToFiles = 2

/** Where a member's value stands, in bytes from the begin of all that was fed. */
export interface MemberRange {
  readonly path: string
  readonly start: number
  end: number
}

/** A level whose members are read. */
interface Read {
  readonly depth: number
  readonly outline: Outline
  readonly into: Record<string, unknown> | unknown[]
  readonly range: MemberRange | undefined
}

/** A member whose value is kept until it is whole. */
interface Kept {
  readonly member: OutlineMember
  readonly range: MemberRange
  readonly depth: number
}

/** Parses a value; words, and texts without escapes, which most of those that are read are, need no parser. */
const valueIn = (
  bytes: Buffer,
  { start, end, isEscaped }: { readonly start: number; readonly end: number; readonly isEscaped: boolean },
): unknown => {
  const first = bytes[start]
  if (first === 0x74) return true
  if (first === 0x66) return false
  if (first === 0x6e) return null
  if (first === 0x22 && !isEscaped) return bytes.toString("utf8", start + 1, end - 1)
  return JSON.parse(bytes.toString("utf8", start, end))
}

/** Reads a few members of JSON that comes in pieces, and the size of the files that stand in it, and lets everything else pass. */
export class JsonScan extends JsonWalk {
  readonly #isStrict: boolean
  readonly #outline: Outline
  /** The begin of a key that goes on in the next piece. */
  #keyBegin: Buffer | undefined
  #fileKind = 0
  readonly #read: Read[] = []
  /** The depth of the innermost level whose members are read. */
  #readDepth = -1
  /** The member whose value comes next. */
  #member: OutlineMember | undefined
  #kept: Kept | undefined
  #keptParts: Buffer[] = []
  /** The members that are read, in the shape that `JSON.parse` would give them; `undefined` until an object or a list has begun. */
  json: Record<string, unknown> | unknown[] | undefined
  /** Where the values of these members stand; none unless it is strict. */
  readonly ranges: MemberRange[] = []
  readonly files = { count: 0, bytes: 0 }

  /** With `isStrict`, what readers could take differently is a problem: a member that comes twice, or under a name in other letters, and a value that is too long to be read. */
  constructor(
    outline: Outline,
    {
      isStrict = false,
      stopsAtEnd = false,
    }: { readonly isStrict?: boolean; readonly stopsAtEnd?: boolean } = {},
  ) {
    super(stopsAtEnd)
    this.#outline = outline
    this.#isStrict = isStrict
  }

  protected override onOpen(at: number, kind: number): number {
    const depth = this.levels.length
    if (depth === this.#readDepth) return kind | this.#openRead(at, kind)
    if (depth > 0) return this.#leadsToFiles(depth) ? kind | holdsFilesLevel : kind
    const into = kind === isObjectLevel ? {} : []
    this.json = into
    this.#readOn({ depth: 1, outline: this.#outline, into, range: undefined })
    return kind
  }

  #leadsToFiles(depth: number): boolean {
    const around = this.levels[depth - 1] as number
    if ((around & holdsFilesLevel) === 0 || depth > deepestFileLevel) return false
    return (around & isObjectLevel) === 0 || (this.#fileKind & leadsToFiles) !== 0
  }

  #readOn(read: Read): void {
    this.#read.push(read)
    this.#readDepth = read.depth
  }

  /** Begins an object or a list at a level whose members are read. Returns what the new level is to those who look for files. */
  #openRead(at: number, kind: number): number {
    const { depth, outline, into } = this.#read.at(-1) as Read
    const inner = kind === isObjectLevel ? {} : []
    if (Array.isArray(into)) {
      const isRead = kind === isObjectLevel && into.length < mostItems
      if (isRead) this.#readOn({ depth: depth + 1, outline, into: inner, range: undefined })
      if (into.length < mostItems) into.push(isRead ? inner : null)
      return 0
    }
    const member = this.#member
    if (member?.inside === undefined) return this.#keep(at) ? holdsFilesLevel : 0
    this.#member = undefined
    into[member.name] = inner
    const range = this.#rangeOf(member, at)
    this.#readOn({ depth: depth + 1, outline: member.inside, into: inner, range })
    return 0
  }

  /** Begins to keep the value of the member, if one is to be read here. Returns whether only the files in it are looked for. */
  #keep(at: number): boolean {
    const member = this.#member
    if (member === undefined) return false
    this.#member = undefined
    const range = this.#rangeOf(member, at)
    if (!member.holdsFiles) this.#kept = { member, range, depth: this.levels.length }
    return member.holdsFiles
  }

  #rangeOf({ path }: OutlineMember, at: number): MemberRange {
    const range = { path, start: this.base + at, end: 0 }
    if (this.#isStrict) this.ranges.push(range)
    return range
  }

  protected override onScalar(at: number): void {
    if (this.levels.length !== this.#readDepth) return
    const { into } = this.#read.at(-1) as Read
    if (!Array.isArray(into)) this.#keep(at)
    else if (into.length < mostItems) into.push(null)
  }

  protected override onClose(end: number): void {
    if (this.levels.length !== this.#readDepth) return
    const range = this.#read.pop()?.range
    if (range !== undefined) range.end = this.base + end
    this.#readDepth = this.#read.at(-1)?.depth ?? -1
  }

  protected override onValueEnd(piece: Buffer, end: number): void {
    const kept = this.#kept
    if (kept === undefined || kept.depth !== this.levels.length) return
    const { member, range } = kept
    this.#kept = undefined
    const parts = this.#keptParts
    if (parts.length > 0) this.#keptParts = []
    range.end = this.base + end
    if (range.end - range.start > longestValueBytes) {
      if (this.#isStrict) this.refuse(`Its ${member.path} is longer than ${longestValueBytes} bytes.`)
      return
    }
    const into = this.#read.at(-1)?.into as Record<string, unknown>
    const { isEscaped } = this
    if (parts.length === 0)
      into[member.name] = valueIn(piece, { start: range.start - this.base, end, isEscaped })
    else {
      const bytes = Buffer.concat([...parts, piece.subarray(0, end)])
      into[member.name] = valueIn(bytes, { start: 0, end: bytes.length, isEscaped })
    }
  }

  protected override onTextEnd(at: number): void {
    if (this.level !== (isObjectLevel | holdsFilesLevel) || (this.#fileKind & isFileText) === 0) return
    const length = this.base + at - this.textStart
    if (length < smallestFileBytes) return
    this.files.count += 1
    this.files.bytes += length
  }

  protected override onKeyEnd(piece: Buffer, at: number): void {
    const isRead = this.levels.length === this.#readDepth
    const begin = this.#keyBegin
    this.#keyBegin = undefined
    if (!isRead && (this.level & holdsFilesLevel) === 0) return
    const bytes = begin === undefined ? piece : Buffer.concat([begin, piece.subarray(0, at)])
    const start = begin === undefined ? this.textStart - this.base : 0
    const end = begin === undefined ? at : bytes.length
    if (isRead) this.#onMember(meaningOfKey((this.#read.at(-1) as Read).outline, bytes, { start, end }))
    else this.#fileKind = fileKindOfKey(bytes, start, end)
  }

  #onMember(meaning: ReturnType<typeof meaningOfKey>): void {
    if (meaning === undefined || (meaning === "ambiguous" && !this.#isStrict)) return
    if (meaning === "ambiguous")
      this.refuse("It has a member whose name differs from a known one in its letters' case alone.")
    else if (this.#isStrict && this.ranges.some(({ path }) => path === meaning.path))
      this.refuse(`It has two members ${meaning.path}.`)
    else this.#member = meaning
  }

  /** Keeps what has begun in this piece and goes on in the next. */
  protected override onPieceEnd(piece: Buffer, end: number, isInKey: boolean): void {
    if (this.#kept !== undefined && this.base + end - this.#kept.range.start <= longestValueBytes)
      this.#keptParts.push(piece.subarray(Math.max(0, this.#kept.range.start - this.base), end))
    if (!isInKey) return
    const part = piece.subarray(Math.max(0, this.textStart - this.base), end)
    this.#keyBegin = Buffer.concat([this.#keyBegin ?? part.subarray(0, 0), part]).subarray(0, longestKeyBytes)
  }
}
