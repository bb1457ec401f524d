import type { FileHandle } from "node:fs/promises"
import { crc32, deflateRawSync, gunzipSync } from "node:zlib"
import { errorText } from "../process/error-text.ts"

/** Ten bytes of header, of which the fourth says that fields follow, and the length of these. */
const headerBytes = 12
/** A field of four bytes under the name `SL`: how long the member is, so that the next one is found. */
const fieldBytes = 8
const prefixBytes = headerBytes + fieldBytes
const trailerBytes = 8
const sizeOffset = headerBytes + 4
const magic = Buffer.from([0x1f, 0x8b, 8, 4])
const fieldName = "SL"

const torn = "the file ends in the middle"

/** The file ends within a member: its writer was interrupted. */
export class TornMember extends Error {
  override readonly name = "TornMember"
}

/** A member cannot be what was written. */
export class BrokenMember extends Error {
  override readonly name = "BrokenMember"
}

/**
 * Compresses a text as one member of a gzip file that says how long it is; members after one another are one gzip file, for every other program too.
 *
 * Source: RFC 1952, 2.2 and 2.3.1.1.
 */
export const gzipMember = (text: string): Buffer => {
  const content = Buffer.from(text)
  const compressed = deflateRawSync(content)
  const prefix = Buffer.alloc(prefixBytes)
  magic.copy(prefix)
  prefix[9] = 255
  prefix.writeUInt16LE(fieldBytes, 10)
  prefix.write(fieldName, headerBytes, "latin1")
  prefix.writeUInt16LE(4, headerBytes + 2)
  prefix.writeUInt32LE(prefixBytes + compressed.length + trailerBytes, sizeOffset)
  const trailer = Buffer.alloc(trailerBytes)
  trailer.writeUInt32LE(crc32(content), 0)
  trailer.writeUInt32LE(content.length % 2 ** 32, 4)
  return Buffer.concat([prefix, compressed, trailer])
}

/** A member that was read, and where the next one begins. */
export interface Member {
  readonly text: string
  readonly end: number
}

/**
 * Reads the members of a file, one after the other.
 *
 * Fails: throws `TornMember` where the file ends within one, and `BrokenMember` where one does not hold what was written.
 */
export async function* readMembers(file: FileHandle): AsyncGenerator<Member> {
  const { size } = await file.stat()
  for (let offset = 0; offset < size;) {
    const prefix = await readAt(file, offset, prefixBytes)
    const isOurs =
      prefix.subarray(0, magic.length).equals(magic) &&
      prefix.toString("latin1", headerBytes, headerBytes + 2) === fieldName
    if (!isOurs) throw new BrokenMember("it is not compressed as an export is")
    const bytes = prefix.readUInt32LE(sizeOffset)
    if (bytes < prefixBytes + trailerBytes) throw new BrokenMember("a length is wrong")
    if (offset + bytes > size) throw new TornMember(torn)
    const member = await readAt(file, offset, bytes)
    offset += bytes
    yield { text: unzip(member), end: offset }
  }
}

const readAt = async (file: FileHandle, offset: number, bytes: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset)
  if (bytesRead < bytes) throw new TornMember(torn)
  return buffer
}

const unzip = (member: Buffer): string => {
  try {
    return gunzipSync(member).toString()
  } catch (error) {
    throw new BrokenMember(errorText(error))
  }
}
