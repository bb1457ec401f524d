import { inTurn } from "./rounds.ts"

/** A queue of a length. */
export interface QueueSubject {
  readonly lanes: number
  readonly waiters: number
  readonly cycles: number
}

/** Two arrivals, one turn that is found and served, one departure, one look at what is due first. */
export const operationsPerCycle = 6

/** What one operation costs at each length of the queue. */
export interface QueueCost {
  readonly waiters: number
  readonly us: number
}

/** Measures the operations of a channel's queue. Source: A12. */
export const measureQueue = async (options: {
  lanes: number
  waiters: ReadonlyArray<number>
  cycles: number
  rounds: number
}): Promise<ReadonlyArray<QueueCost>> => {
  const { lanes, cycles, rounds } = options
  const subjects = options.waiters.map((waiters) => ({ lanes, waiters, cycles }))
  const thread = new URL("queue-thread.ts", import.meta.url)
  const measured = await inTurn<QueueSubject>(thread, subjects, rounds)
  return measured.map(({ subject, figure }) => ({ waiters: subject.waiters, us: figure }))
}
