import type { AnswerHeaders } from "./classification.ts"

/** What the headers say of one kind of limit. */
export type Level = "exhausted" | "left" | "unknown"

/**
 * Reads a pair of limit and remaining.
 *
 * Headers are hints: a limit that is no positive number, or a remaining that is none or above the limit, is not believed.
 * Source: C2.
 */
export const levelOf = (headers: AnswerHeaders, limitName: string, remainingName: string): Level => {
  const limit = numberOf(headers[limitName])
  const remaining = numberOf(headers[remainingName])
  if (limit === undefined || remaining === undefined || limit <= 0 || remaining < 0 || remaining > limit) {
    return "unknown"
  }
  return remaining < 1 ? "exhausted" : "left"
}

const numberOf = (value: string | string[] | undefined): number | undefined => {
  if (typeof value !== "string" || value.trim() === "") return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}
