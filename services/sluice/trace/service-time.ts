import type { RecordedRequest } from "./read-trace.ts"

/** How long a provider takes for an answer. Units: milliseconds. */
export interface ServiceTime {
  readonly firstTokenMs: number
  readonly wholeMs: number
}

/** What a provider takes before it reads a prompt. */
export const overheadMs = 150
/** Tokens of a prompt that it reads in a second. */
export const prefillPerSecond = 8_000
/** Tokens of an answer that it writes in a second. */
export const decodePerSecond = 60

/**
 * Models a provider's time for a recorded request: an overhead, the prompt at 8 000 tokens a second, the answer at 60.
 *
 * The trace does not say how long its requests took; these are the speeds of a middling model.
 */
export const serviceTime = ({
  inputTokens,
  outputTokens,
}: Pick<RecordedRequest, "inputTokens" | "outputTokens">): ServiceTime => {
  const firstTokenMs = overheadMs + (1_000 * inputTokens) / prefillPerSecond
  return { firstTokenMs, wholeMs: firstTokenMs + (1_000 * Math.max(0, outputTokens - 1)) / decodePerSecond }
}
