import { describeMachine } from "../machine.ts"
import { measureCommits } from "./commits.ts"
import { measureDecisions } from "./decisions.ts"
import { measureExplanations } from "./explanations.ts"
import { measureLookingBack } from "./looking-back.ts"
import { partsBars, type PartsPlan, type PartsReport } from "./parts-report.ts"
import { measureProjection } from "./projection.ts"
import { measureQueue } from "./queue.ts"
import { measureReplay } from "./replay.ts"

/** What figures are quoted from. */
export const fullParts: PartsPlan = {
  rounds: 7,
  waiters: [10, 1_000, 100_000],
  decisions: { accounts: [1, 100], lanes: [1, 100, 10_000], cycles: 5_000 },
  queue: { lanes: 100, cycles: 20_000 },
  replay: { commits: 20_000 },
  commits: { channels: 100, facts: 200_000 },
  projection: { requests: 60_000, rounds: 3 },
  lookingBack: { facts: 1_000_000, rounds: 3 },
  explanations: { facts: 10_000_000, requests: 20_000, fillSecondsMax: 120, questions: 20 },
}

/** The same in little time, with figures that are as rough. */
export const quickParts: PartsPlan = {
  ...fullParts,
  rounds: 3,
  decisions: { ...fullParts.decisions, cycles: 1_000 },
  queue: { lanes: 100, cycles: 5_000 },
  replay: { commits: 5_000 },
  commits: { channels: 100, facts: 50_000 },
  projection: { requests: 20_000, rounds: 1 },
  lookingBack: { facts: 50_000, rounds: 3 },
  explanations: { facts: 500_000, requests: 5_000, fillSecondsMax: 30, questions: 20 },
}

/** Measures the parts one after the other; `say` hears what is being done. */
export const runParts = async (plan: PartsPlan, say: (line: string) => void): Promise<PartsReport> => {
  const { waiters, rounds } = plan
  say("the queue's operations")
  const queue = await measureQueue({ ...plan.queue, waiters, rounds })
  say("decisions")
  const decisions = await measureDecisions({ ...plan.decisions, waiters, rounds })
  say("replay")
  const replay = measureReplay({ ...plan.replay, rounds })
  say("commits")
  const commits = await measureCommits({ ...plan.commits, rounds })
  say("projection")
  const projection = await measureProjection(plan.projection)
  say("looking back: replay and verify")
  const lookingBack = await measureLookingBack(plan.lookingBack)
  say("looking back: explain")
  const explanations = await measureExplanations(plan.explanations)
  const speeds = { decisions, queue, replay, commits, projection, lookingBack, explanations }
  const measured = { machine: describeMachine(), plan, ...speeds }
  return { ...measured, bars: partsBars(measured) }
}
