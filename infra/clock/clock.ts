import { type MachineTime, ProcessTime, thisMachine } from "./process-time.ts"

/** Ends a timer that has not fired; of one that has, it does nothing. */
export type Cancel = () => void

/** The time and the timers of a process, so that a test or a replay can own both. Source: L3. */
export interface Clock {
  /** Returns whole milliseconds since the epoch by the process's own count, which spans and timers are measured by; it never goes back. */
  now(): number
  /** Returns how far the machine's clock, which times from outside are read against, is ahead of `now`; below zero where it was put back. Units: whole milliseconds. */
  wallAhead(): number
  /** As `wallAhead`, but without what the machine's clock was put forward by lately: one that is wrong for a while is not followed. */
  settledAhead(): number
  /** Calls back once at a time of `now`, or at the next turn if that has passed. */
  at(timeMs: number, callback: () => void): Cancel
  /** Calls back as soon as everything that is at hand in this turn is done. */
  soon(callback: () => void): void
}

/** Returns what the machine's clock shows. Units: milliseconds since the epoch. */
export const wallNow = (clock: Clock): number => clock.now() + clock.wallAhead()

/** Returns the process's own time of a time that the machine's clock shows. Units: milliseconds since the epoch. */
export const fromWall = (clock: Pick<Clock, "wallAhead">, wallMs: number): number =>
  wallMs - clock.wallAhead()

/** Resolves after a span of the clock. Units: milliseconds. */
export const sleep = (clock: Pick<Clock, "now" | "at">, spanMs: number): Promise<void> =>
  new Promise((resolve) => clock.at(clock.now() + spanMs, resolve))

/** The longest span that a Node timer takes, just under 25 days; with a longer one it fires at once. */
const timerMaxMs = 2 ** 31 - 1

/** A longer timer is armed in such steps: after a sleep of the machine it is late by one at most. */
const timerStepMs = 10_000

/** Calls back once after a span, however long it is: a Node timer reaches it in steps. Fails: throws a `RangeError` for what is no number, which a Node timer takes for nothing. */
export const after = (spanMs: number, callback: () => void): Cancel => {
  if (Number.isNaN(spanMs)) throw new RangeError("a timer was asked for at a time that is no number")
  const endsAt = performance.now() + spanMs
  let timer: NodeJS.Timeout
  const arm = (): void => {
    const leftMs = endsAt - performance.now()
    timer =
      leftMs > timerMaxMs ? setTimeout(arm, timerMaxMs) : setTimeout(callback, Math.max(0, Math.ceil(leftMs)))
  }
  arm()
  return () => clearTimeout(timer)
}

let waiting: Array<() => void> = []

/** All of them in one go: what they write to one connection then leaves in one piece. */
const callAll = (): void => {
  const called = waiting
  waiting = []
  for (const callback of called) callback()
}

/** Makes a clock of what a machine tells of time. Source: L3. */
export const createSystemClock = (machine: MachineTime): Clock => {
  const time = new ProcessTime(machine)
  return {
    now: () => Math.floor(time.nowMs),
    wallAhead: () => {
      time.look()
      return time.wallAheadMs
    },
    settledAhead: () => {
      time.look()
      return time.settledAheadMs
    },
    at: (timeMs, callback) => {
      let cancel: Cancel
      const arm = (): void => {
        const leftMs = timeMs - time.nowMs
        const isFar = leftMs > timerStepMs && leftMs < Infinity
        cancel = isFar ? after(timerStepMs, look) : after(leftMs, callback)
      }
      const look = (): void => {
        time.look()
        arm()
      }
      arm()
      return () => cancel()
    },
    soon: (callback) => {
      if (waiting.push(callback) === 1) queueMicrotask(() => setImmediate(callAll))
    },
  }
}

/** The machine's clock, which every process has one of. Source: L3. */
export const systemClock: Clock = createSystemClock(thisMachine)

/** A clock that a test moves: timers fire in order of their time, in the call that passes it. `stepWall` puts the machine's clock forward or back; put forward it never settles. */
export const manualClock = (
  startMs = 1_790_000_000_000,
): Clock & { advance(ms: number): void; stepWall(ms: number): void } => {
  let nowMs = startMs
  let wallAheadMs = 0
  let settledMs = 0
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>()
  const firstUpTo = (untilMs: number) =>
    [...timers]
      .filter(({ at }) => at <= untilMs)
      .reduce<{ at: number; callback: () => void } | undefined>(
        (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
        undefined,
      )
  return {
    now: () => nowMs,
    wallAhead: () => wallAheadMs,
    settledAhead: () => settledMs,
    at: (timeMs, callback) => {
      const timer = { at: timeMs, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    soon: (callback) => queueMicrotask(callback),
    advance: (ms) => {
      const untilMs = nowMs + ms
      for (let timer = firstUpTo(untilMs); timer !== undefined; timer = firstUpTo(untilMs)) {
        timers.delete(timer)
        nowMs = Math.max(nowMs, timer.at)
        timer.callback()
      }
      nowMs = untilMs
    },
    stepWall: (ms) => {
      wallAheadMs += ms
      settledMs = Math.min(settledMs, wallAheadMs)
    },
  }
}
