import { type Fact, factProblem } from "@sluice/events/commit.ts"
import { Schema } from "effect"

/** What a commit holds beside its facts, at most. */
export const headBytes = 1_024

/** What was decided cannot be stored so that it is read again: it did not happen, and nothing else is touched. Source: L6. */
export class FactsRefused extends Schema.TaggedError<FactsRefused>()("FactsRefused", {
  subject: Schema.String,
  reason: Schema.String,
}) {
  override get message(): string {
    return `${this.subject} cannot store what was decided: ${this.reason}`
  }
}

/** Facts as the text that a commit holds. */
export interface EncodedFacts {
  readonly count: number
  /** JSON values, separated by commas. */
  readonly json: string
  /** Where they are few, their characters. */
  readonly bytes: number
  /** The time of the last one. */
  readonly at: number
}

/** A short text in a log that takes large bodies need not be measured: a character takes three bytes at most. */
const shortCharacters = 16 * 1024
const largeBytes = 1_000_000

const bytesOf = (json: string, bytesMax: number): number =>
  json.length <= shortCharacters && bytesMax >= largeBytes ? json.length : Buffer.byteLength(json)

/**
 * Writes facts as they are stored, each held to the schema that reads it.
 *
 * Fails: throws `FactsRefused` where one does not fit, or all of them do not go into a body of `bodyBytesMax`.
 * Source: L5, L6.
 */
export const encodeFacts = (
  facts: ReadonlyArray<Fact>,
  { subject, bodyBytesMax }: { readonly subject: string; readonly bodyBytesMax: number },
): EncodedFacts => {
  for (const fact of facts) {
    const reason = factProblem(fact)
    if (reason !== undefined) throw new FactsRefused({ subject, reason })
  }
  const json = JSON.stringify(facts).slice(1, -1)
  const bytesMax = bodyBytesMax - headBytes
  const bytes = bytesOf(json, bytesMax)
  if (bytes > bytesMax)
    throw new FactsRefused({
      subject,
      reason: `${facts.length} facts take ${bytes} bytes, and a commit holds at most ${bytesMax}`,
    })
  return { count: facts.length, json, bytes, at: facts.at(-1)?.at ?? 0 }
}
