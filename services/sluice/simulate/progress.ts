import { Presets, SingleBar } from "cli-progress"

/** A progress bar, or nothing where nobody looks. */
export interface Progress {
  /** Tells that so much more of the work is done. Units: seconds of virtual time. */
  readonly add: (virtualS: number) => void
  readonly end: () => void
}

const format = "{bar} {percentage}% | {done} of {runs} runs | {left} left"

/** Shows on a terminal how much of the work is done; nothing elsewhere. */
export const showProgress = (work: { readonly virtualS: number; readonly runs: number }): Progress => {
  if (!process.stderr.isTTY) return { add: () => undefined, end: () => undefined }
  const startedAt = performance.now()
  const bar = new SingleBar({ format, hideCursor: true, stream: process.stderr }, Presets.shades_classic)
  let done = 0
  let doneS = 0
  bar.start(work.virtualS, 0, { done, runs: work.runs, left: "?" })
  return {
    add: (virtualS) => {
      done += 1
      doneS += virtualS
      const leftMs = ((performance.now() - startedAt) * (work.virtualS - doneS)) / doneS
      bar.update(doneS, { done, runs: work.runs, left: formatLeft(leftMs) })
    },
    end: () => bar.stop(),
  }
}

const formatLeft = (leftMs: number): string => {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
