import { Presets, SingleBar } from "cli-progress"

/** A progress bar, or nothing where nobody looks. */
export interface Progress {
  readonly update: (done: number, total: number) => void
  readonly end: () => void
}

/** Shows on a terminal how much is done of something that takes long. */
export const showProgress = (doing: string): Progress => {
  if (!process.stderr.isTTY) return { update: () => undefined, end: () => undefined }
  const format = `${doing} {bar} {percentage}% | {value}/{total} | {eta_formatted} left`
  const bar = new SingleBar({ format, hideCursor: true, stream: process.stderr }, Presets.shades_classic)
  bar.start(0, 0)
  return {
    update: (done, total) => {
      bar.setTotal(total)
      bar.update(done)
    },
    end: () => bar.stop(),
  }
}
