import { isCheckpoint } from "./checkpoint.ts"
import { aheadOf, type Commit, type Fact } from "./commit.ts"

/** The fields of facts that hold a time. */
const times: ReadonlySet<string> = new Set([
  "at",
  "arrivedAt",
  "dueAt",
  "gateUntil",
  "lastSeenAt",
  "nextAt",
  "since",
  "startedAt",
  "until",
])

/** Those that hold a bound of a window of cost, which is a full minute of the calendar. Source: D6. */
const bounds: ReadonlySet<string> = new Set(["start", "end", "windowStart"])

const minuteMs = 60_000

/** Returns a fact with its times as the machine's clock showed them; what a checkpoint holds of a state stays as it is. Source: L2. */
export const factInWallTime = <F extends Fact>(fact: F, aheadMs: number): F => {
  if (aheadMs === 0) return fact
  if (isCheckpoint(fact)) return { ...fact, at: fact.at - aheadMs }
  return moved(fact, aheadMs) as F
}

/** What a fact holds in a part of its own may hold times too. */
const moved = (part: object, aheadMs: number): object =>
  Object.fromEntries(
    Object.entries(part).map(([name, value]) => {
      if (typeof value === "number" && times.has(name)) return [name, value - aheadMs]
      if (typeof value === "number" && bounds.has(name))
        return [name, Math.ceil((value - aheadMs) / minuteMs) * minuteMs]
      return [name, name === "probe" && typeof value === "object" ? moved(value, aheadMs) : value]
    }),
  )

/** Returns a commit with its times, and those of its facts, as the machine's clock showed them. Source: L2. */
export const inWallTime = (commit: Commit): Commit => {
  const aheadMs = aheadOf(commit)
  if (aheadMs === 0) return commit
  const { wallAt: _, facts, ...rest } = commit
  return { ...rest, at: rest.at - aheadMs, facts: facts.map((fact) => factInWallTime(fact, aheadMs)) }
}
