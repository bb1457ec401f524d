/** What a projector does: it brings the tables to the end of the last block first, after each start and each interruption. */
export type ProjectionState = "recovering" | "following" | "interrupted"

/** How far the tables are behind the log. Source: P4. */
export interface Lag {
  readonly state: ProjectionState
  /**
   * How many facts the log holds that the tables do not.
   *
   * Shape: exact when it is 0; otherwise the missing messages times the mean number of facts in one.
   */
  readonly lagFacts: number
  /** How old the oldest commit is that is not yet in the tables, while the log is followed among those that were read; 0 where there is none. */
  readonly lagMs: number
  /** The last sequence of the log, and the one up to which everything is in the tables. */
  readonly head: number
  readonly projected: number
  /** How many commits could not be read since the start. Source: P3. */
  readonly rejectedCommits: number
}

/** Follows what was read and what was written. */
export interface LagMeter {
  lag(head: number, nowMs: number): Lag
  /** Notes what is done now; where the tables are known to reach to, if that is. */
  turns(state: ProjectionState, projected?: number): void
  read(message: { sequence: number; facts: number; at: number | null; rejection: string | null }): void
  written(sequence: number): void
  /** Begins anew at a sequence. */
  restart(sequence: number): void
  /** Resolves when everything up to a sequence is written. */
  reached(sequence: number, signal: AbortSignal): Promise<void>
}

/** Starts at the beginning of the log. */
export const createLagMeter = (): LagMeter => {
  const unwritten: Array<{ sequence: number; at: number }> = []
  const waiting = new Set<{ sequence: number; resolve: () => void }>()
  /** What is known of the tables, and up to where everything is certain to be in them. */
  let projected = 0
  let written = 0
  let facts = 0
  let messages = 0
  let rejectedCommits = 0
  let state: ProjectionState = "recovering"
  const reach = (sequence: number): void => {
    projected = sequence
    written = sequence
    for (const waiter of waiting) if (waiter.sequence <= sequence) waiter.resolve()
  }
  return {
    lag: (head, nowMs) => {
      const behind = Math.max(0, head - projected)
      const meanFacts = messages === 0 ? 1 : Math.max(1, facts / messages)
      const oldest = unwritten[0]
      return {
        state,
        lagFacts: Math.ceil(behind * meanFacts),
        lagMs: oldest === undefined ? 0 : Math.max(0, nowMs - oldest.at),
        head,
        projected,
        rejectedCommits,
      }
    },
    turns: (next, known) => {
      state = next
      if (known !== undefined) projected = known
    },
    read: (message) => {
      messages++
      facts += message.facts
      if (message.rejection !== null) rejectedCommits++
      if (message.at !== null) unwritten.push({ sequence: message.sequence, at: message.at })
    },
    written: (sequence) => {
      const left = unwritten.findIndex((commit) => commit.sequence > sequence)
      unwritten.splice(0, left === -1 ? unwritten.length : left)
      reach(sequence)
    },
    restart: (sequence) => {
      unwritten.length = 0
      reach(sequence)
    },
    reached: (sequence, signal) =>
      new Promise((resolve, reject) => {
        if (sequence <= written) return resolve()
        const waiter = { sequence, resolve: () => (waiting.delete(waiter), resolve()) }
        waiting.add(waiter)
        signal.addEventListener("abort", () => (waiting.delete(waiter), reject(signal.reason)), {
          once: true,
        })
      }),
  }
}
