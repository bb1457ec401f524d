import type { Fact } from "@sluice/events/commit.ts"
import { category, int64, nullable, text, uint64 } from "@sluice/infra/clickhouse/native/column-types.ts"
import { keyColumns, rowKey, type Projection, type RowKey } from "./row.ts"

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
  /** Where the other slot was granted; empty, as is the session, where none was. Source: A1. */
  readonly account: string
  readonly session: string
  readonly accountInFlight: number | null
}

type OfAccount = Pick<AdmissionRow, "account" | "session" | "accountInFlight">
type Told = Omit<AdmissionRow, keyof RowKey | keyof OfAccount | "actor" | "request">

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

type AccountAcquired = Extract<Fact, { type: "account.acquired" }>

/** Both slots of a lease are granted in one commit. Source: A1. */
const accountsByLease = (facts: ReadonlyArray<Fact>): ReadonlyMap<string, AccountAcquired> =>
  new Map(facts.flatMap((fact) => (fact.type === "account.acquired" ? [[fact.lease, fact]] : [])))

const withoutAccount: OfAccount = { account: "", session: "", accountInFlight: null }

const ofAccount = (fact: Fact, accounts: ReadonlyMap<string, AccountAcquired>): OfAccount => {
  if (fact.type !== "channel.acquired") return withoutAccount
  const granted = accounts.get(fact.lease)
  const { session = "", inFlight = null } = granted ?? {}
  return { account: fact.account, session, accountInFlight: inFlight }
}

/** Makes the table `admissions`. Source: A1, A6, A8, A11. */
export const admissions: Projection<AdmissionRow> = {
  table: "admissions",
  columns: {
    ...keyColumns,
    actor: category,
    request: text,
    attempt: nullable(uint64),
    class: category,
    outcome: category,
    reason: category,
    waitMs: nullable(int64),
    inFlight: nullable(uint64),
    waiting: nullable(uint64),
    count: uint64,
    account: category,
    session: text,
    accountInFlight: nullable(uint64),
  },
  rows: (commit, position) => {
    const accounts = accountsByLease(commit.facts)
    return commit.facts.flatMap((fact, index) => {
      const told = toldBy(fact)
      if (told === undefined || !("request" in fact)) return []
      const key = rowKey(commit, position, index, fact)
      return [{ ...key, actor: fact.actor, request: fact.request, ...told, ...ofAccount(fact, accounts) }]
    })
  },
}
