import type { Fact } from "@sluice/events/commit.ts"
import { rowKey, type Projection, type RowKey } from "./row.ts"

/** What came of asking a channel for a slot; what its fact does not tell is `null` or empty. */
export interface AdmissionRow extends RowKey {
  readonly actor: string
  readonly request: string
  readonly attempt: number | null
  readonly class: string
  readonly outcome: "acquired" | "timed_out" | "abandoned" | "rejected"
  readonly reason: string
  readonly waitMs: number | null
  readonly inFlight: number | null
  readonly waiting: number | null
  /** How many refusals a stored one stands for. Source: A11. */
  readonly count: number
}

type Told = Omit<AdmissionRow, keyof RowKey | "actor" | "request">

const untold = { attempt: null, class: "", reason: "", waitMs: null, inFlight: null, waiting: null, count: 1 }

const toldBy = (fact: Fact): Told | undefined => {
  if (fact.type === "channel.acquired")
    return {
      ...untold,
      outcome: "acquired",
      attempt: fact.attempt,
      class: fact.class,
      waitMs: fact.waitMs,
      inFlight: fact.inFlight,
    }
  if (fact.type === "channel.timed_out")
    return {
      ...untold,
      outcome: "timed_out",
      attempt: fact.attempt,
      waitMs: fact.waitMs,
      waiting: fact.depth,
    }
  if (fact.type === "channel.abandoned")
    return {
      ...untold,
      outcome: "abandoned",
      attempt: fact.attempt,
      reason: fact.reason,
      waitMs: fact.waitMs,
      waiting: fact.depth,
    }
  if (fact.type === "channel.rejected")
    return {
      ...untold,
      outcome: "rejected",
      reason: fact.reason,
      inFlight: fact.inFlight,
      waiting: fact.waiting,
      count: fact.count,
    }
  return undefined
}

/** Makes the table `admissions`. Source: analytics.md, A6, A8, A11. */
export const admissions: Projection<AdmissionRow> = {
  table: "admissions",
  rows: (commit, position) =>
    commit.facts.flatMap((fact, index) => {
      const told = toldBy(fact)
      if (told === undefined || !("request" in fact)) return []
      return [{ ...rowKey(commit, position, index, fact), actor: fact.actor, request: fact.request, ...told }]
    }),
}
