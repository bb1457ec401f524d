import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { replayActor } from "@sluice/replay/replay-actor.ts"
import { everything } from "@sluice/replay/until.ts"
import { verifyLog } from "@sluice/replay/verify/verify-log.ts"
import { median } from "../figures.ts"
import { type HistoryPlace, type LongHistory, storeHistory } from "./long-history.ts"
import { openPrivateLog } from "./private-log.ts"

/** How fast one asks what was. */
export interface LookingBackSpeed {
  readonly facts: number
  readonly commits: number
  readonly checkpoints: number
  /** A channel as it was at the end of its history. */
  readonly replayedAtEndMs: number
  /** As it was in the middle, where the most lies behind the last checkpoint. */
  readonly replayedInMiddleMs: number
  readonly middleFacts: number
  readonly verifiedPerSecond: number
}

/** Measures `replay --at` and `verify` over the long history of one channel. Source: R1, R3. */
export const measureLookingBack = async (options: {
  facts: number
  rounds: number
}): Promise<LookingBackSpeed> => {
  const { facts, rounds } = options
  await using opened = await openPrivateLog()
  const { log } = opened
  await using history = await storeHistory(log, facts)
  const atEndMs: Array<number> = []
  const inMiddleMs: Array<number> = []
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    atEndMs.push(await replayedMs(log, history.actor, history.end))
    inMiddleMs.push(await replayedMs(log, history.actor, history.middle))
  }
  // Reading so much warms up by itself, and whoever verifies begins cold too.
  const verified: Array<number> = []
  for (let round = 0; round < rounds; round++) verified.push(await verifiedPerSecond(log, history))
  return {
    facts: history.facts,
    commits: history.commits,
    checkpoints: history.checkpoints,
    replayedAtEndMs: median(atEndMs.slice(1)),
    replayedInMiddleMs: median(inMiddleMs.slice(1)),
    middleFacts: history.middle.facts,
    verifiedPerSecond: median(verified),
  }
}

const replayedMs = async (log: EventLog, actor: string, { atMs }: HistoryPlace): Promise<number> => {
  const begin = performance.now()
  const request = { actor, until: { ...everything, atMs }, stepsUntilMs: undefined, follow: undefined }
  const shown = await Array.fromAsync(replayActor(log, request))
  if (shown[0]?.kind !== "state") throw new Error(`${actor} was not replayed`)
  return performance.now() - begin
}

const verifiedPerSecond = async (log: EventLog, { facts, running }: LongHistory): Promise<number> => {
  const begin = performance.now()
  const report = await verifyLog(log, {
    fromMs: 0,
    running: async () => running(),
    onProgress: () => undefined,
  })
  const [violation] = report.violations
  if (violation !== undefined) throw new Error(`the history breaks an invariant: ${violation.problem}`)
  if (report.facts < facts) throw new Error(`${facts} facts were stored, and ${report.facts} verified`)
  return (report.facts / (performance.now() - begin)) * 1_000
}
