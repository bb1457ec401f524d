import type { ErrorWords } from "../protocol.ts"

/** The headers of an upstream's answer, their names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/** An upstream's answer as far as it can be evidence. */
export interface Answered {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly words: ErrorWords
}
