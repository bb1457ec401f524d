import type { Rejection429 } from "@sluice/actors/decisions/command.ts"
import type { ErrorWords } from "../protocol.ts"
import type { AnswerHeaders, Answered } from "./answered.ts"

/** What an adapter reads out of a rejection; what it leaves out the answer does not say. */
export type Finding = Pick<Rejection429, "classification"> &
  Partial<Pick<Rejection429, "retryAfterMs" | "resetAt" | "isOfModel" | "statedLimit">>

/** Knows how the providers of one wire protocol say what is wrong. Source: C2, C7, D6. */
export interface ProviderAdapter {
  /** Says which limit a rejection is of. */
  find(answered: Answered, nowMs: number): Finding
  /** True if a 503 is one for overload. */
  isOverload(words: ErrorWords): boolean
  /** True if the type or the code of a body speaks of the credential. */
  refusesCredential(words: ErrorWords): boolean
  /** True if a body names the model as one that is not known. */
  namesUnknownModel(words: ErrorWords): boolean
  /** Reads the end of the account's window of 5 hours, since the epoch; cheap where no header tells it. */
  windowEndsAt(headers: AnswerHeaders, nowMs: number): number | undefined
}

/** True if a body speaks of overload, as a 503 that fails for another reason does not. */
export const saysOverloaded = ({ type, code, message }: ErrorWords): boolean =>
  type.includes("overloaded") || code.includes("overloaded") || message.toLowerCase().includes("overloaded")
