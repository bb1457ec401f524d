import { createHash } from "node:crypto"
import { Schema } from "effect"
import type { StoredMessage } from "../event-log/event-log.ts"

/** The first line of an archive. */
export const Header = Schema.Struct({
  sluice: Schema.Literal("log"),
  format: Schema.Literal(1),
  /** The time that it was to begin with; `null`: with all that there was. */
  from: Schema.NullOr(Schema.Int),
})

/** One commit as it was stored: as JSON where it is, else as the text that it is. */
export const RecordLine = Schema.Struct({
  subject: Schema.String,
  sequence: Schema.Int,
  id: Schema.String,
  commit: Schema.optionalKey(Schema.Unknown),
  body: Schema.optionalKey(Schema.String),
})

/** The last line of a block: how many records it has, and a hash of all that the archive holds up to here. */
export const BlockEnd = Schema.Struct({ block: Schema.Int, records: Schema.Int, sha256: Schema.String })

/** The last line of an archive, without which it is not whole. */
export const Manifest = Schema.Struct({
  end: Schema.Literal(true),
  blocks: Schema.Int,
  records: Schema.Int,
  facts: Schema.Int,
  subjects: Schema.Int,
  sha256: Schema.String,
})
export type Manifest = typeof Manifest.Type

/** Chains the hash of a text to that of all before it. */
export const chained = (before: string, text: string): string =>
  createHash("sha256").update(before).update(text).digest("hex")

/** Writes a stored commit as a line, from which `messageOf` gives it back byte by byte. */
export const recordLine = ({ subject, sequence, id, body }: StoredMessage): string => {
  const head = { subject, sequence, id }
  return JSON.stringify(
    isPlainJson(body) ? { ...head, commit: JSON.parse(body) as unknown } : { ...head, body },
  )
}

/** Returns the stored commit of a line. */
export const messageOf = ({
  subject,
  sequence,
  id,
  commit,
  body,
}: typeof RecordLine.Type): StoredMessage => ({
  subject,
  sequence,
  id,
  body: body ?? JSON.stringify(commit),
})

const isPlainJson = (body: string): boolean => {
  try {
    return JSON.stringify(JSON.parse(body)) === body
  } catch {
    return false
  }
}

/** Counts the facts of a commit; one that cannot be read has none. */
export const factsIn = (body: string): number => {
  try {
    const { facts } = JSON.parse(body) as { facts?: unknown }
    return Array.isArray(facts) ? facts.length : 0
  } catch {
    return 0
  }
}
