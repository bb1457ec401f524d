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

/** Facts that are held to the schema that reads them, and fit into one commit. */
export interface StorableFacts {
  readonly facts: ReadonlyArray<Fact>
  /** What they take as JSON, or somewhat more. */
  readonly bytes: number
}

/** The facts of an attempt, which nearly all are: without evidence nothing stands in them but ids, numbers and a model's name. */
const ofAttempts: ReadonlySet<Fact["type"]> = new Set([
  "channel.acquired",
  "channel.accepted",
  "channel.settled",
  "channel.released",
  "account.acquired",
  "account.accepted",
  "account.released",
  "account.usage_recorded",
])

/** What such a fact takes beside its long texts, and what one of the lists of a request's end takes for each item: measured where all ids are as long as they may be, with some to spare. */
const plainBytes = 1_024
const itemBytes = 384
/** A character that is escaped, as the worst ones are. */
const characterBytes = 6

/** Returns how much facts take as JSON at most; those that are of every request are not written for it. */
const bytesMostOf = (facts: ReadonlyArray<Fact>): number => {
  let bytes = 0
  for (const fact of facts) {
    if (fact.type === "request.completed") {
      const { path, model, code, candidates, attempts } = fact
      const characters = path.length + model.length + code.length
      bytes += plainBytes + itemBytes * (candidates.length + attempts.length) + characterBytes * characters
    } else if (ofAttempts.has(fact.type) && !("evidence" in fact)) {
      const characters = "model" in fact ? (fact.model?.length ?? 0) : 0
      bytes += plainBytes + characterBytes * characters
    } else return Buffer.byteLength(JSON.stringify(facts))
  }
  return bytes
}

/**
 * Holds facts to the schema that reads them, and to what one commit can hold.
 *
 * Fails: throws `FactsRefused` where one does not fit, or all of them do not go into a body of `bodyBytesMax`.
 * Source: L5, L6.
 */
export const storable = (
  facts: ReadonlyArray<Fact>,
  { subject, bodyBytesMax }: { readonly subject: string; readonly bodyBytesMax: number },
): StorableFacts => {
  for (const fact of facts) {
    const reason = factProblem(fact)
    if (reason !== undefined) throw new FactsRefused({ subject, reason })
  }
  const bytesMax = bodyBytesMax - headBytes
  let bytes = bytesMostOf(facts)
  if (bytes > bytesMax) bytes = Buffer.byteLength(JSON.stringify(facts))
  if (bytes > bytesMax)
    throw new FactsRefused({
      subject,
      reason: `${facts.length} facts take ${bytes} bytes, and a commit holds at most ${bytesMax}`,
    })
  return { facts, bytes }
}
