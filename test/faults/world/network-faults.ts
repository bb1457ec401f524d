/** What the network does to messages between a process and the server. Units: shares of messages, and milliseconds. */
export interface NetworkFaults {
  readonly latencyMs: number
  /** Publishes that never arrive. */
  readonly lost: number
  /** Publishes that are stored and not acknowledged. */
  readonly unacknowledged: number
  /** Publishes that arrive twice, the second time up to `lateMs` later. */
  readonly duplicated: number
  /** Publishes that arrive up to `lateMs` later than what was sent after them. */
  readonly late: number
  readonly lateMs: number
}

/** A network that does no harm. */
export const quietNetwork = (latencyMs: number): NetworkFaults => ({
  latencyMs,
  lost: 0,
  unacknowledged: 0,
  duplicated: 0,
  late: 0,
  lateMs: 0,
})

/** What becomes of one publish. */
export interface Fate {
  readonly isLost: boolean
  readonly isAcknowledged: boolean
  /** How long after its time it arrives, each time that it does. */
  readonly delaysMs: ReadonlyArray<number>
}

/** Draws what becomes of one publish. */
export const drawFate = (faults: NetworkFaults, random: () => number): Fate => {
  const draws = [random(), random(), random(), random()] as const
  const lateMs = Math.ceil(random() * faults.lateMs)
  const first = draws[3] < faults.late ? lateMs : 0
  return {
    isLost: draws[0] < faults.lost,
    isAcknowledged: draws[1] >= faults.unacknowledged,
    delaysMs: draws[2] < faults.duplicated ? [first, lateMs] : [first],
  }
}
