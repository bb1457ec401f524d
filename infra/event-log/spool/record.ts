import { crc32 } from "node:zlib"
import { Predicate } from "effect"

/** A commit as the spool holds it. */
export interface SpoolRecord {
  readonly subject: string
  readonly id: string
  readonly body: string
  /** The subject's last sequence in the log; `null` where the spool's last commit of the subject stands before it. */
  readonly expectedSequence: number | null
}

/** What the bytes of a spool, from the beginning of a record on, turned out to be. */
export interface Decoded {
  readonly records: ReadonlyArray<SpoolRecord>
  /** Where the last whole record ends. */
  readonly bytes: number
  /** What follows it: nothing, the beginning of a record that needs more bytes, or no record at all. */
  readonly rest: "nothing" | "unfinished" | "damaged"
}

/** Length and checksum, 4 bytes each. */
const headBytes = 8
/** Far beyond any commit (L6): a larger length is no length. */
const payloadBytesMax = 64 * 1024 * 1024

const lengthOf = (payload: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(payload.length)
  return length
}

/** The length counts too, so that the zeros of a file that grew before its content was written are no record. */
const checksumOf = (length: Buffer, payload: Buffer): number => crc32(payload, crc32(length))

/**
 * Writes a commit as bytes.
 *
 * Shape: the payload's length and CRC-32 (of the length and the payload), both little-endian, then the payload: a line of JSON and the body.
 */
export const encodeRecord = ({ body, ...head }: SpoolRecord): Buffer => {
  const payload = Buffer.from(`${JSON.stringify(head)}\n${body}`)
  const length = lengthOf(payload)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32LE(checksumOf(length, payload))
  return Buffer.concat([length, checksum, payload])
}

/** Reads the whole records that bytes begin with. */
export const decodeRecords = (bytes: Buffer): Decoded => {
  const records: Array<SpoolRecord> = []
  let at = 0
  for (;;) {
    const left = bytes.length - at
    if (left === 0) return { records, bytes: at, rest: "nothing" }
    if (left < headBytes) return { records, bytes: at, rest: "unfinished" }
    const payloadBytes = bytes.readUInt32LE(at)
    if (payloadBytes === 0 || payloadBytes > payloadBytesMax) return { records, bytes: at, rest: "damaged" }
    const end = at + headBytes + payloadBytes
    if (end > bytes.length) return { records, bytes: at, rest: "unfinished" }
    const payload = bytes.subarray(at + headBytes, end)
    if (checksumOf(bytes.subarray(at, at + 4), payload) !== bytes.readUInt32LE(at + 4))
      return { records, bytes: at, rest: "damaged" }
    records.push(readPayload(payload))
    at = end
  }
}

/** Counts the facts of a commit; 0 where they cannot be counted, which keeps it from nothing. */
export const factsIn = (body: string): number => {
  try {
    const commit: unknown = JSON.parse(body)
    return Predicate.hasProperty(commit, "facts") && Array.isArray(commit.facts) ? commit.facts.length : 0
  } catch {
    return 0
  }
}

const readPayload = (payload: Buffer): SpoolRecord => {
  const line = payload.indexOf("\n")
  const head = JSON.parse(payload.toString("utf8", 0, line)) as Omit<SpoolRecord, "body">
  return { ...head, body: payload.toString("utf8", line + 1) }
}
