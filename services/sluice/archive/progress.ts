import { openProgressBar, type ProgressBar } from "../progress-bar.ts"

/** Shows on a terminal how much is done of something that takes long, such as `exporting`. */
export const showProgress = (doing: string): ProgressBar =>
  openProgressBar({ format: `${doing} {bar} {percentage}% | {value}/{total} | {eta_formatted} left` })
