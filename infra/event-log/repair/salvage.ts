import { createHash } from "node:crypto"
import { type Commit, type Fact, factProblem, type RepairFact } from "@sluice/events/commit.ts"
import { upcast } from "@sluice/events/upcast.ts"
import { Predicate } from "effect"

type Written = Readonly<Record<string, unknown>>

/** Where a subject stands before the commit that is looked at. */
export interface Place {
  readonly version: number
  readonly epoch: number
  readonly at: number
}

/** What can be read of a commit that cannot be folded as it is. */
export interface Salvaged {
  readonly version: number
  readonly epoch: number
  readonly at: number
  /** The time by the machine's clock, where the commit tells it. */
  readonly wallAt: number | undefined
  readonly node: string
  readonly facts: ReadonlyArray<Exclude<Fact, RepairFact>>
  /** What was left out and why, in words. */
  readonly left: ReadonlyArray<string>
}

/** A thousand dollars in nano-USD, and far more tokens than any model takes: larger figures are nobody's. */
const largestFigure = 1_000_000_000_000
const latestTime = 8_640_000_000_000_000
const operatorOfRepairs = "api:repair"

/** Names a commit in the subject of its repair. Shape: the id where a subject can hold it, else a digest of it. */
export const tokenOf = (commit: string): string =>
  /^[\w-]{1,64}$/.test(commit) ? commit : createHash("sha256").update(commit).digest("hex").slice(0, 32)

const integer = (value: number): number =>
  Math.trunc(Math.min(largestFigure, Math.max(-largestFigure, value)))

/** Puts figures that no fact can hold in their bounds, everywhere in a value. */
const clamped = (value: unknown): unknown => {
  if (typeof value === "number")
    return Number.isSafeInteger(value) || Math.abs(value) <= latestTime ? value : integer(value)
  if (Array.isArray(value)) return value.map(clamped)
  if (!Predicate.isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, clamped(one)]))
}

/** Makes every figure a count. */
const counted = (value: unknown): unknown => {
  if (typeof value === "number") return Math.max(0, integer(value))
  if (Array.isArray(value)) return value.map(counted)
  if (!Predicate.isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, counted(one)]))
}

const withTimes = (fact: Written, { at }: Pick<Place, "at">): Written => {
  const told = fact["at"]
  const isTime = Number.isSafeInteger(told) && Number(told) >= at && Number(told) <= latestTime
  return isTime ? fact : { ...fact, at }
}

const withOperator = (fact: Written): Written => ("by" in fact ? { ...fact, by: operatorOfRepairs } : fact)

const text = (value: unknown): string => (typeof value === "string" ? value : "")

/** What counts of the end of an attempt is that its slot is free. Source: A9. */
const endOnly = (fact: Written): Written => {
  const { actor, type, at, request, attempt, lease, account } = fact
  if (type !== "account.released" && type !== "channel.released") return fact
  const ended = { actor, type, at, request: text(request), attempt: counted(attempt) ?? 0, lease }
  const end = { ...ended, outcome: "aborted", status: 0, holdMs: 0, ttftMs: null, inFlight: 0 }
  return type === "channel.released" ? { ...end, account: text(account) } : { ...end, startedAt: at }
}

const isFact = (fact: Written): fact is Written & Exclude<Fact, RepairFact> =>
  fact["type"] !== "commit.repaired" && factProblem(fact as unknown as Fact) === undefined

/** Returns what can be kept of a written fact: itself, or itself with figures in their bounds; `undefined` where nothing can. */
const kept = (written: Written, before: Pick<Place, "at">): Exclude<Fact, RepairFact> | undefined => {
  const timed = withTimes(written, before)
  const bounded = withTimes(clamped(timed) as Written, before)
  const operated = withOperator(bounded)
  const tries = [timed, bounded, operated, withTimes(counted(operated) as Written, before), endOnly(timed)]
  return tries.find(isFact)
}

const parsed = (body: string): Written => {
  try {
    const commit = upcast(JSON.parse(body) as unknown)
    return Predicate.isObject(commit) ? commit : {}
  } catch {
    // What is no JSON tells nothing: all of it is left out.
    return {}
  }
}

const wholeFrom = (value: unknown, least: number): number =>
  Number.isSafeInteger(value) && Number(value) >= least ? Number(value) : least

/**
 * Reads what can be read of a stored commit: its facts one by one, with figures that no fact can hold put in their bounds.
 *
 * Source: L11.
 */
export const salvage = (body: string, before: Place): Salvaged => {
  const commit = parsed(body)
  const written = commit["facts"]
  const left: Array<string> = Array.isArray(written) ? [] : ["all of it: it holds no facts"]
  const facts: Array<Exclude<Fact, RepairFact>> = []
  let { at } = before
  for (const [place, one] of (Array.isArray(written) ? written : []).entries()) {
    const fact = Predicate.isObject(one) ? kept(one, { at }) : undefined
    if (fact === undefined) left.push(`fact ${place}: ${nameOf(one)} cannot be read`)
    else {
      facts.push(fact)
      ;({ at } = fact)
    }
  }
  const wallAt = commit["wallAt"]
  return {
    version: before.version + 1,
    epoch: wholeFrom(commit["epoch"], before.epoch),
    at: facts.at(-1)?.at ?? Math.min(latestTime, wholeFrom(commit["at"], before.at)),
    wallAt: Number.isSafeInteger(wallAt) ? Number(wallAt) : undefined,
    node: text(commit["node"]),
    facts,
    left,
  }
}

const nameOf = (fact: unknown): string =>
  Predicate.hasProperty(fact, "type") ? String(fact.type).slice(0, 60) : "it"

/** True if a stored commit is decoded as it stands. */
export const isReadable = (body: string, decode: (body: string) => Commit): boolean => {
  try {
    decode(body)
    return true
  } catch {
    return false
  }
}
