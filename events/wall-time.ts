import { isCheckpoint } from "./checkpoint.ts"
import { aheadOf, type Commit, type Fact } from "./commit.ts"

/** The fields of facts that hold a time. */
const times = ["at", "arrivedAt", "dueAt", "gateUntil", "lastSeenAt", "startedAt", "until"] as const

/** Those that hold a bound of a window of cost, which is a full minute of the calendar. Source: D6. */
const bounds = ["start", "end", "windowStart"] as const

const minuteMs = 60_000

/** Gives a fact with its times as the machine's clock showed them; what a checkpoint holds of a state stays as it is. Source: L2. */
export const factInWallTime = <F extends Fact>(fact: F, aheadMs: number): F => {
  if (aheadMs === 0) return fact
  if (isCheckpoint(fact)) return { ...fact, at: fact.at - aheadMs }
  const moved: Record<string, unknown> = { ...fact }
  for (const name of times) if (typeof moved[name] === "number") moved[name] -= aheadMs
  for (const name of bounds)
    if (typeof moved[name] === "number")
      moved[name] = Math.ceil((moved[name] - aheadMs) / minuteMs) * minuteMs
  return moved as unknown as F
}

/** Gives a commit with its times, and those of its facts, as the machine's clock showed them. Source: L2. */
export const inWallTime = (commit: Commit): Commit => {
  const aheadMs = aheadOf(commit)
  if (aheadMs === 0) return commit
  const { wallAt: _, facts, ...rest } = commit
  return { ...rest, at: rest.at - aheadMs, facts: facts.map((fact) => factInWallTime(fact, aheadMs)) }
}
