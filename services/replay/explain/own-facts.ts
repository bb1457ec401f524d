import type { Fact } from "@sluice/events/commit.ts"

/** A fact with its place: which commit of which subject, and where in it. */
export interface PositionedFact {
  readonly subject: string
  readonly version: number
  readonly index: number
  readonly fact: Fact
}

/** What can follow from the end of an attempt without naming it; each stands directly behind that end. Source: C3, C6, C7. */
const consequences: ReadonlySet<string> = new Set<Fact["type"]>([
  "account.cooldown_started",
  "account.cooldown_extended",
  "channel.limit_adjusted",
  "account.limit_adjusted",
  "account.ramped",
  "account.suspended",
])

/** These end or refuse an attempt, or tell that the upstream took it: something may follow from them. */
const causes: ReadonlySet<string> = new Set<Fact["type"]>([
  "account.released",
  "account.accepted",
  "channel.accepted",
])

/**
 * Picks, of facts in order, those of one request and what it caused.
 *
 * A cooldown and a session's stay carry the lease in their ids; what carries none is the request's where it follows, in the same commit, from the end of one of its attempts.
 */
export const ownFacts = (
  request: string,
  facts: ReadonlyArray<PositionedFact>,
): ReadonlyArray<PositionedFact> => {
  let cause: PositionedFact | undefined
  return facts.filter((placed) => {
    const { fact } = placed
    if ("request" in fact) {
      const isOwn = fact.request === request
      cause = isOwn && causes.has(fact.type) ? placed : undefined
      return isOwn
    }
    if (isNamedAfter(request, fact)) return true
    return (
      cause !== undefined &&
      isSameCommit(cause, placed) &&
      consequences.has(fact.type) &&
      // Of a commit's accounts it is the one that carried the attempt; the channel is theirs.
      (fact.actor === cause.fact.actor || fact.type === "channel.limit_adjusted")
    )
  })
}

/** True if an id that a fact carries was made from a lease of the request. */
export const isNamedAfter = (request: string, fact: Fact): boolean => {
  const id = "stay" in fact ? fact.stay : "id" in fact ? fact.id : ""
  return id.includes(`:${request}.`)
}

const isSameCommit = (one: PositionedFact, other: PositionedFact): boolean =>
  one.subject === other.subject && one.version === other.version
