import type { Protocol } from "@sluice/events/field.ts"
import { anthropic } from "../providers/anthropic/anthropic.ts"
import type { AnswerHeaders } from "../providers/classification/answered.ts"
import { type AnswerContext, type Meaning, meaningOf } from "../providers/classification/classification.ts"
import { readErrorDetails } from "../providers/gemini/google-error-details.ts"
import { openai } from "../providers/openai/openai.ts"
import { type ErrorWords, isObject, textOf } from "../providers/protocol.ts"

/** When the answers of these tests arrive. */
export const arrivedMs = Date.parse("2026-11-20T10:00:00Z")

/** The same instant later by some seconds, as seconds since the epoch. */
export const epochIn = (seconds: number): string => String(arrivedMs / 1000 + seconds)

const googleWords = (json: unknown): ErrorWords | undefined => {
  const error = isObject(json) ? json["error"] : undefined
  if (!isObject(error)) return undefined
  const { status, message, details } = error
  return { type: textOf(status), code: "", message: textOf(message), details: readErrorDetails(details) }
}

const readers: Readonly<Record<Protocol, (json: unknown) => ErrorWords | undefined>> = {
  openai: openai.errorWords,
  anthropic: anthropic.errorWords,
  gemini: googleWords,
}

/** An answer as a provider gives it. */
export interface GivenAnswer {
  readonly status?: number
  readonly headers?: AnswerHeaders
  readonly body?: unknown
}

/** Reads what an answer means that arrives at that instant; a 429 where no status is given. */
export const readMeaning = (
  protocol: Protocol,
  { status = 429, headers = {}, body }: GivenAnswer,
  unknownRejection: AnswerContext["unknownRejection"] = "unknown",
): Meaning => {
  const words = readers[protocol](body) ?? { type: "", code: "", message: "" }
  return meaningOf({ status, headers, words }, { protocol, unknownRejection, nowMs: arrivedMs })
}
