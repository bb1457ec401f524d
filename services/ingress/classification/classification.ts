import type { Classification, Evidence, Protocol } from "@sluice/events/field.ts"
import type { ErrorWords } from "../protocols/protocol.ts"
import { anthropicKind } from "./anthropic.ts"
import { openaiKind } from "./openai.ts"
import { retryAfterMs } from "./retry-after.ts"

/** The headers of an upstream's answer, their names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/** An upstream's answer as far as it can be evidence. */
export interface Rejected {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly words: ErrorWords
}

/** What a rejection by an upstream means, and what that rests on. Source: C2. */
export interface Rejection {
  readonly classification: Classification
  readonly evidence: Evidence
  readonly retryAfterMs: number | null
  /** The status and the type or code of the body; nothing of its text. */
  readonly summary: string
}

const kindOfProtocol: Readonly<Record<Protocol, (rejected: Rejected) => Classification>> = {
  openai: openaiKind,
  anthropic: anthropicKind,
}

/** Says what a 429, a 529 or a 503 for overload means; `undefined` for any other answer. Source: C2. */
export const classify = (protocol: Protocol, rejected: Rejected, nowMs: number): Rejection | undefined => {
  const { status, headers, words } = rejected
  const isOverloaded = status === 529 || (status === 503 && saysOverloaded(words))
  if (status !== 429 && !isOverloaded) return undefined
  return {
    classification: isOverloaded ? "overloaded" : kindOfProtocol[protocol](rejected),
    evidence: evidenceOf(rejected),
    retryAfterMs: retryAfterMs(headers, nowMs),
    summary: [String(status), token(words.type), token(words.code)].filter((word) => word !== "").join(" "),
  }
}

/** Whether the body speaks of overload, as a 503 that fails for another reason does not. */
export const saysOverloaded = ({ type, code, message }: ErrorWords): boolean =>
  type.includes("overloaded") ||
  code.includes("overloaded") ||
  code === "slow_down" ||
  message.toLowerCase().includes("overloaded")

const evidencePrefixes = ["retry-after", "x-ratelimit-", "anthropic-ratelimit-", "x-codex-"]
const maxEntries = 40
const maxValueLength = 128

/** Keeps the headers that tell of limits and the words that name the error; the message may speak of the caller and is left out. */
const evidenceOf = ({ headers, words }: Rejected): Evidence => {
  const evidence: Record<string, string> = {}
  let entries = 0
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string" || !evidencePrefixes.some((prefix) => name.startsWith(prefix))) continue
    entries += 1
    if (entries > maxEntries) break
    evidence[name] = value.slice(0, maxValueLength)
  }
  const type = token(words.type)
  const code = token(words.code)
  if (type !== "") evidence["error.type"] = type
  if (code !== "") evidence["error.code"] = code
  return evidence
}

/** Lets through what is a name of the provider's; free text is none. */
const token = (word: string): string => (/^[\w.-]{1,64}$/.test(word) ? word : "")
