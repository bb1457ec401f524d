import { uptime } from "node:os"

/** What the machine tells of time. Units: milliseconds. */
export interface MachineTime {
  /** Counts on evenly, but on some systems not while the machine sleeps. */
  monotonic(): number
  /** What its clock shows, since the epoch. */
  wall(): number
  /** Counts on also while the machine sleeps, in coarse steps. */
  uptime(): number
}

/** The machine that the process runs on; one that does not tell its uptime counts as one that never sleeps. */
export const thisMachine: MachineTime = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  uptime: () => {
    try {
      return uptime() * 1_000
    } catch {
      return performance.now()
    }
  },
}

/** So far the machine's clock may be off the process's own before that is a difference. */
const toleranceMs = 1_000

/** A shorter sleep cannot be told from the coarseness of the uptime. */
const shortestSleepMs = 2_000

/** A clock that was put forward for so long stays so. */
const settledAfterMs = 15 * 60_000

/**
 * The process's own count of time beside the machine's clock.
 *
 * It begins with the machine's clock, goes on with the monotonic one, and forward at once by a sleep of the machine. Where the machine's clock is put back or forward it only keeps the difference; one that was put
 * forward is settled once it has stood for 15 minutes, so that a clock that is wrong for less is not followed.
 */
export class ProcessTime {
  readonly #machine: MachineTime
  /** What the monotonic clock lacks to the epoch. */
  #originMs: number
  /** What the monotonic clock lacks to the uptime. */
  #asleepMs: number
  /** How far the machine's clock is ahead of this one, and is settled there. */
  #settledMs = 0
  /** Where the machine's clock stands that was put forward and is not settled, and since when by the monotonic one. */
  #forward: { readonly aheadMs: number; readonly since: number } | undefined

  constructor(machine: MachineTime) {
    this.#machine = machine
    const monotonic = machine.monotonic()
    this.#originMs = machine.wall() - monotonic
    this.#asleepMs = machine.uptime() - monotonic
  }

  /** With fractions. */
  get nowMs(): number {
    return this.#originMs + this.#machine.monotonic()
  }

  /** How far the machine's clock is ahead. Units: whole milliseconds. */
  get wallAheadMs(): number {
    return this.#forward?.aheadMs ?? this.#settledMs
  }

  /** How far it is ahead without what it was put forward by lately. Units: whole milliseconds. */
  get settledAheadMs(): number {
    return this.#settledMs
  }

  /** Looks at the machine's clock, and takes note of a sleep or a step. */
  look(): void {
    const aheadMs = this.#machine.wall() - this.nowMs
    if (Math.abs(aheadMs - this.#settledMs) < toleranceMs) this.#forward = undefined
    else if (aheadMs < this.#settledMs) this.#settle(aheadMs)
    else if (this.#forward === undefined || Math.abs(aheadMs - this.#forward.aheadMs) >= toleranceMs)
      this.#putForward(aheadMs)
    else if (this.#machine.monotonic() - this.#forward.since >= settledAfterMs) this.#settle(aheadMs)
  }

  #settle(aheadMs: number): void {
    this.#settledMs = Math.abs(aheadMs) < toleranceMs ? 0 : Math.round(aheadMs)
    this.#forward = undefined
  }

  /** A clock that is ahead of a sudden has been put forward, or the machine has slept. */
  #putForward(aheadMs: number): void {
    const monotonic = this.#machine.monotonic()
    const asleepMs = this.#machine.uptime() - monotonic
    const sleptMs = asleepMs - this.#asleepMs
    if (sleptMs < shortestSleepMs) {
      this.#forward = { aheadMs: Math.round(aheadMs), since: this.#forward?.since ?? monotonic }
      return
    }
    this.#asleepMs = asleepMs
    this.#originMs += sleptMs
    this.look()
  }
}
