import { objectIn } from "../json/parse.ts"
import { isObject } from "../providers/protocol.ts"

const bytesPerToken = 4
const deepestMember = 12

/** The members in which the protocols put what a model writes. */
const writtenMembers: ReadonlySet<string> = new Set([
  "arguments",
  "content",
  "delta",
  "input",
  "partial_json",
  "reasoning",
  "reasoning_content",
  "refusal",
  "text",
  "thinking",
])

/** Returns how many tokens a text has, by its size. Source: D4. */
export const tokensIn = (bytes: number): number => Math.ceil(bytes / bytesPerToken)

/**
 * Estimates how many tokens an upstream has written in a stream, from the events that hold pieces of its text.
 *
 * All such events of a stream have the same shell around their piece, so only their number and their lengths are added up, and one of them is looked into when somebody asks.
 * Source: D4.
 */
export class WrittenTokens {
  #events = 0
  #bytes = 0
  #unreadBytes = 0
  /** The last that was not shorter than most. */
  #sample = ""

  /** Takes note of an event that holds a piece of text. */
  add(event: string): void {
    this.#events += 1
    this.#bytes += event.length
    if (event.length * this.#events >= this.#bytes) this.#sample = event
  }

  /** Takes note of a part of an event that is too long to be read. */
  addUnread(bytes: number): void {
    this.#unreadBytes += bytes
  }

  /** The estimate so far. */
  get tokens(): number {
    const inSample = textIn(objectIn(this.#sample), 0)
    const bytes = Math.max(0, this.#bytes - this.#events * (this.#sample.length - inSample))
    // Of a shape that is not known each event is one token, as it is with most upstreams.
    return (inSample === 0 ? this.#events : tokensIn(bytes)) + tokensIn(this.#unreadBytes)
  }
}

const textIn = (value: unknown, depth: number): number => {
  if (depth > deepestMember) return 0
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + textIn(item, depth + 1), 0)
  if (!isObject(value)) return 0
  let sum = 0
  for (const [name, inner] of Object.entries(value))
    sum +=
      typeof inner === "string" ? (writtenMembers.has(name) ? inner.length : 0) : textIn(inner, depth + 1)
  return sum
}
