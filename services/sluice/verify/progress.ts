import { openProgressBar, type ProgressBar } from "../progress-bar.ts"

const format = "{bar} {percentage}% | {value}/{total} commits | {eta_formatted} left"
const commitsPerUpdate = 1_000

/** Shows on a terminal how many commits of the log have been read, unless a program reads the output. */
export const showProgress = ({ json }: { readonly json: boolean }): ProgressBar => {
  const bar = openProgressBar({ format, isWanted: !json, isPassing: true })
  return {
    update: (read, all) => {
      if (read % commitsPerUpdate === 0) bar.update(read, all)
    },
    end: bar.end,
  }
}
