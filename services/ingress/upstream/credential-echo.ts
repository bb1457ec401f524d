import type { AnswerHeaders } from "../providers/classification/answered.ts"

/** What is shorter is no secret, and would be found in any text. */
const shortestSecret = 8
/** What is shorter may be a placeholder (`not-needed`, `sk-no-key-required`), and a word of an answer's text. */
const shortestInContent = 20
/** So much of a credential that is found is an echo of it, even where it is cut short behind. */
const longestHead = 20
const asterisk = 0x2a

/** Every way in which one character of a credential is written: as it is, percent-encoded, or escaped in JSON. */
const unitOf = (character: string): string => {
  const hex = character.charCodeAt(0).toString(16).padStart(2, "0")
  const literal = character.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&")
  return `(?:${literal}|%${hex}|\\\\u00${hex}|\\\\${literal})`
}

/** How a credential is looked for. */
interface Needle {
  readonly credential: string
  /** The begin of it, however it is written. */
  readonly head: RegExp
  /** In characters of the credential. */
  readonly headLength: number
  /** The ways in which all of it is written that differ. */
  readonly forms: ReadonlyArray<Buffer>
  /** By byte, whether it stands in one of the forms. */
  readonly bytes: Uint8Array
}

const needles = new Map<string, Needle>()
const rememberedNeedles = 1_000

const needleFor = (credential: string): Needle | undefined => {
  if (credential.length < shortestSecret) return undefined
  let needle = needles.get(credential)
  if (needle === undefined) {
    const units = Array.from(credential.slice(0, longestHead), unitOf)
    const forms = [
      ...new Set([
        credential,
        encodeURIComponent(credential),
        JSON.stringify(credential).slice(1, -1),
        credential.replaceAll("/", "\\/"),
      ]),
    ].map((form) => Buffer.from(form, "latin1"))
    const bytes = new Uint8Array(256)
    for (const form of forms) for (const byte of form) bytes[byte] = 1
    const head = new RegExp(units.join(""), "gi")
    needle = { credential, head, headLength: units.length, forms, bytes }
    if (needles.size >= rememberedNeedles) needles.clear()
    needles.set(credential, needle)
  }
  return needle
}

const percent = 0x25
const backslash = 0x5c

const lower = (code: number): number => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code)

/** How long the writing of a character is that stands at a place, in whatever way; 0 where it is another one. */
const writtenLength = (text: string, at: number, code: number): number => {
  const is = (other: number): boolean => lower(other) === lower(code)
  const first = text.charCodeAt(at)
  if (first === percent && is(Number.parseInt(text.slice(at + 1, at + 3), 16))) return 3
  if (first === backslash) {
    if (is(text.charCodeAt(at + 1))) return 2
    const digits = text.slice(at + 1, at + 6).toLowerCase()
    if (digits.startsWith("u00") && is(Number.parseInt(digits.slice(3), 16))) return 6
  }
  return is(first) ? 1 : 0
}

/** Where an echo that begins at a place ends: as far as the text goes on like the credential. */
const endOfEcho = (text: string, from: number, credential: string): number => {
  if (text.startsWith(credential, from)) return from + credential.length
  let at = from
  for (let nth = 0; nth < credential.length; nth += 1) {
    const length = writtenLength(text, at, credential.charCodeAt(nth))
    if (length === 0) return at
    at += length
  }
  return at
}

/** Puts asterisks in place of a credential, whole or cut short after 20 characters, in whatever case and however escaped it is. The length stays. */
export const withoutEcho = (text: string, credential: string): string => {
  const needle = needleFor(credential)
  if (needle === undefined || text.length < needle.headLength || text.search(needle.head) === -1) return text
  let masked = ""
  let kept = 0
  for (const { index } of text.matchAll(needle.head)) {
    if (index < kept) continue
    const end = endOfEcho(text, index, credential)
    masked += text.slice(kept, index) + "*".repeat(end - index)
    kept = end
  }
  return masked + text.slice(kept)
}

/** Does the same in a body, byte by byte. */
export const bodyWithoutEcho = (body: Buffer, credential: string): Buffer => {
  const text = body.toString("latin1")
  const masked = withoutEcho(text, credential)
  return masked === text ? body : Buffer.from(masked, "latin1")
}

/** Does the same in names and values of headers. */
export const headersWithoutEcho = (headers: AnswerHeaders, credential: string): AnswerHeaders =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      withoutEcho(name, credential),
      Array.isArray(value)
        ? value.map((one) => withoutEcho(one, credential))
        : value === undefined
          ? undefined
          : withoutEcho(value, credential),
    ]),
  )

/**
 * Puts asterisks in place of a credential in a body that comes in chunks, where it stands whole: as it is, percent-encoded or escaped in JSON.
 *
 * Only the bytes at the end of a chunk that may be the begin of one wait for the next chunk; an event's line end is none.
 */
export class EchoMask {
  readonly #needle: Needle
  #kept: Buffer | undefined

  private constructor(needle: Needle) {
    this.#needle = needle
  }

  /** Makes one; `undefined` where there is no secret that is told from an answer's own words. */
  static for(credential: string): EchoMask | undefined {
    const needle = credential.length < shortestInContent ? undefined : needleFor(credential)
    return needle === undefined ? undefined : new EchoMask(needle)
  }

  /** Returns the bytes that may go on now; it writes into the chunk. */
  take(chunk: Buffer): Buffer {
    const bytes = this.#kept === undefined ? chunk : Buffer.concat([this.#kept, chunk])
    this.#kept = undefined
    for (const form of this.#needle.forms)
      for (let at = bytes.indexOf(form); at !== -1; at = bytes.indexOf(form, at + form.length))
        bytes.fill(asterisk, at, at + form.length)
    const last = bytes[bytes.length - 1]
    if (last === undefined || this.#needle.bytes[last] === 0) return bytes
    const end = this.#beginOfEcho(bytes)
    if (end === bytes.length) return bytes
    this.#kept = Buffer.from(bytes.subarray(end))
    return bytes.subarray(0, end)
  }

  /** Returns what still waits when nothing more comes. */
  rest(): Buffer | undefined {
    const kept = this.#kept
    this.#kept = undefined
    return kept
  }

  /** Where the begin of a credential stands that the end of the bytes cuts, or their length. */
  #beginOfEcho(bytes: Buffer): number {
    let first = bytes.length
    for (const form of this.#needle.forms) {
      const [begin = 0] = form
      const from = Math.max(0, bytes.length - form.length + 1)
      for (let at = bytes.indexOf(begin, from); at !== -1 && at < first; at = bytes.indexOf(begin, at + 1))
        if (form.compare(bytes, at, bytes.length, 0, bytes.length - at) === 0) first = at
    }
    return first
  }
}
