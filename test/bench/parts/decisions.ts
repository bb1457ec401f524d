import { inTurn } from "./rounds.ts"

/** A full channel with a queue. */
export interface DecisionSubject {
  readonly accounts: number
  readonly lanes: number
  readonly waiters: number
  /** Requests that arrive, wait and are granted the slot of another in one round. */
  readonly cycles: number
}

/** What a decision costs at one width of channel and each length of queue. */
export interface DecisionCost {
  readonly accounts: number
  readonly lanes: number
  readonly perDecisionUs: ReadonlyArray<{ readonly waiters: number; readonly us: number }>
  /** The longest queue against the shortest. */
  readonly ratio: number
}

/** A cycle is four decisions (refused for want of a slot, queued, metered, released) and six facts. */
export const factsPerDecision = 6 / 4

/** Measures a decision with its facts, with what follows (the hand-off) and the next due time. Source: A12. */
export const measureDecisions = async (options: {
  accounts: ReadonlyArray<number>
  lanes: ReadonlyArray<number>
  waiters: ReadonlyArray<number>
  cycles: number
  rounds: number
}): Promise<ReadonlyArray<DecisionCost>> => {
  const costs: Array<DecisionCost> = []
  const thread = new URL("decisions-thread.ts", import.meta.url)
  for (const accounts of options.accounts)
    for (const lanes of options.lanes) {
      const subjects = options.waiters.map((waiters) => ({
        accounts,
        lanes,
        waiters,
        cycles: options.cycles,
      }))
      const measured = await inTurn<DecisionSubject>(thread, subjects, options.rounds)
      const perDecisionUs = measured.map(({ subject, figure }) => ({ waiters: subject.waiters, us: figure }))
      const [shortest, longest] = [perDecisionUs[0]?.us ?? 0, perDecisionUs.at(-1)?.us ?? 0]
      costs.push({ accounts, lanes, perDecisionUs, ratio: longest / shortest })
    }
  return costs
}
