import { open } from "node:fs/promises"
import { Schema } from "effect"
import type { StoredMessage } from "../event-log/event-log.ts"
import { errorText } from "../process/error-text.ts"
import { BlockEnd, chained, factsIn, Header, Manifest, messageOf, RecordLine } from "./archive-line.ts"
import { type Member, readMembers, TornMember } from "./gzip-member.ts"

/** An archive does not hold what was written: `line` is where that shows, counted from 1. */
export class ArchiveDamaged extends Schema.TaggedError<ArchiveDamaged>()("ArchiveDamaged", {
  path: Schema.String,
  line: Schema.Int,
  reason: Schema.String,
}) {
  override get message(): string {
    return `${this.path} is damaged at line ${this.line}: ${this.reason}`
  }
}

/** What an archive holds up to a place, as far as it matters for what comes after it. */
export interface ArchiveState {
  readonly sha256: string
  readonly blocks: number
  readonly records: number
  readonly facts: number
  readonly subjects: ReadonlySet<string>
  readonly lastSequence: number
  readonly lastId: string
  readonly lines: number
  /** Where the next block begins. Units: bytes. */
  readonly end: number
  readonly from: number | null
}

/** Before the first block. */
export const emptyArchive: ArchiveState = {
  sha256: "",
  blocks: 0,
  records: 0,
  facts: 0,
  subjects: new Set(),
  lastSequence: 0,
  lastId: "",
  lines: 0,
  end: 0,
  from: null,
}

/** A part of an archive whose hash is right. */
export interface ArchivePart {
  /** The commits with the lines on which they stand. */
  readonly messages: ReadonlyArray<StoredMessage & { readonly line: number }>
  readonly state: ArchiveState
  /** What the last part holds. */
  readonly manifest: Manifest | undefined
}

const decodeHeader = Schema.decodeUnknownSync(Schema.fromJsonString(Header))
const decodeRecord = Schema.decodeUnknownSync(Schema.fromJsonString(RecordLine))
const decodeEnd = Schema.decodeUnknownSync(Schema.fromJsonString(BlockEnd))
const decodeManifest = Schema.decodeUnknownSync(Schema.fromJsonString(Manifest))

/**
 * Reads an archive part by part, each checked before it is given.
 *
 * A file that ends without its manifest was not written to its end: the last part that is given then has none.
 * Fails: throws `ArchiveDamaged`.
 */
export async function* readArchive(path: string): AsyncGenerator<ArchivePart> {
  const file = await open(path)
  try {
    let state = emptyArchive
    let isWhole = false
    const members = readMembers(file)
    for (;;) {
      const member = await next(members, { path, line: state.lines + 1 })
      if (member === undefined) return
      if (isWhole) throw damaged(path, state.lines + 1, "something follows its last line")
      const part = partOf(path, member, state)
      state = part.state
      isWhole = part.manifest !== undefined
      yield part
    }
  } finally {
    await file.close()
  }
}

const damaged = (path: string, line: number, reason: string): ArchiveDamaged =>
  new ArchiveDamaged({ path, line, reason })

const next = async (
  members: AsyncGenerator<Member>,
  { path, line }: { readonly path: string; readonly line: number },
): Promise<Member | undefined> => {
  try {
    const { done, value } = await members.next()
    return done === true ? undefined : value
  } catch (error) {
    if (error instanceof TornMember) return undefined
    throw damaged(path, line, errorText(error))
  }
}

const decoded = <A>(at: { readonly path: string; readonly line: number }, decode: () => A): A => {
  try {
    return decode()
  } catch (error) {
    const [first = ""] = errorText(error).split("\n")
    throw damaged(at.path, at.line, first)
  }
}

const partOf = (path: string, { text, end }: Member, before: ArchiveState): ArchivePart => {
  const lines = text.split("\n").slice(0, -1)
  const last = lines.at(-1) ?? ""
  const line = before.lines + lines.length
  const hashed = text.slice(0, text.length - last.length - 1)
  if (lines.length === 1 && before.blocks > 0) {
    const manifest = decoded({ path, line }, () => decodeManifest(last))
    checkManifest(path, manifest, before)
    return { messages: [], state: { ...before, lines: line, end }, manifest }
  }
  const { block, records, sha256 } = decoded({ path, line }, () => decodeEnd(last))
  if (sha256 !== chained(before.sha256, hashed))
    throw damaged(
      path,
      before.lines + 1,
      `the block of ${records} records that begins here is not what was written`,
    )
  const isFirst = before.blocks === 0
  const { from } = isFirst ? decoded({ path, line: 1 }, () => decodeHeader(lines[0] ?? "")) : before
  const messages = lines.slice(isFirst ? 1 : 0, -1).map((record, place) => {
    const at = before.lines + place + (isFirst ? 2 : 1)
    return { ...decoded({ path, line: at }, () => messageOf(decodeRecord(record))), line: at }
  })
  if (messages.length !== records || block !== before.blocks)
    throw damaged(path, line, `block ${block} with ${messages.length} of ${records} records is out of place`)
  const state: ArchiveState = {
    sha256,
    blocks: before.blocks + 1,
    records: before.records + records,
    facts: messages.reduce((sum, { body }) => sum + factsIn(body), before.facts),
    subjects: new Set([...before.subjects, ...messages.map(({ subject }) => subject)]),
    lastSequence: messages.at(-1)?.sequence ?? before.lastSequence,
    lastId: messages.at(-1)?.id ?? before.lastId,
    lines: line,
    end,
    from,
  }
  return { messages, state, manifest: undefined }
}

const checkManifest = (path: string, manifest: Manifest, state: ArchiveState): void => {
  const isRight =
    manifest.blocks === state.blocks &&
    manifest.records === state.records &&
    manifest.facts === state.facts &&
    manifest.subjects === state.subjects.size &&
    manifest.sha256 === state.sha256
  if (!isRight) throw damaged(path, state.lines + 1, "its last line counts something else than it holds")
}
