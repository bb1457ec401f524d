/** Ends a timer that has not fired; of one that has, it does nothing. */
export type Cancel = () => void

/** The time and the timers of a process, so that a test or a replay can own both. Source: L3. */
export interface Clock {
  /** Gives whole milliseconds since the epoch; it never goes back. */
  now(): number
  /** Calls back once at a time, or at the next turn if that has passed. */
  at(timeMs: number, callback: () => void): Cancel
  /** Calls back as soon as everything that is at hand in this turn is done. */
  soon(callback: () => void): void
}

/** The longest span that a Node timer takes, just under 25 days; with a longer one it fires at once. */
const timerMaxMs = 2 ** 31 - 1

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

/** The machine's clock: the wall time at the start of the process, carried on by the monotonic clock. Source: L3. */
export const systemClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  at: (timeMs, callback) => after(timeMs - (performance.timeOrigin + performance.now()), callback),
  soon: (callback) => {
    if (waiting.push(callback) === 1) queueMicrotask(() => setImmediate(callAll))
  },
}

/** A clock that a test moves: timers fire in order of their time, in the call that passes it. */
export const manualClock = (startMs = 1_790_000_000_000): Clock & { advance(ms: number): void } => {
  let nowMs = startMs
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
  }
}
