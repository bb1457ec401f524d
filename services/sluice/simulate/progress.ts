import { openProgressBar, timeLeft } from "../progress-bar.ts"

const format = "{bar} {percentage}% | {done} of {runs} runs | {left} left"

/** Shows on a terminal how much of the work is done. */
export const showProgress = (work: {
  readonly virtualS: number
  readonly runs: number
}): {
  /** Tells that so much more of the work is done. Units: seconds of virtual time. */
  readonly add: (virtualS: number) => void
  readonly end: () => void
} => {
  const startedAt = performance.now()
  const bar = openProgressBar({ format })
  let done = 0
  let doneS = 0
  bar.update(0, work.virtualS, { done, runs: work.runs, left: "?" })
  return {
    add: (virtualS) => {
      done += 1
      doneS += virtualS
      const leftMs = ((performance.now() - startedAt) * (work.virtualS - doneS)) / doneS
      bar.update(doneS, work.virtualS, { done, runs: work.runs, left: timeLeft(leftMs) })
    },
    end: bar.end,
  }
}
