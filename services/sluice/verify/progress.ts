import { Presets, SingleBar } from "cli-progress"

/** A progress bar, or nothing where nobody looks. */
export interface CommitProgress {
  readonly update: (read: number, all: number) => void
  readonly end: () => void
}

const format = "{bar} {percentage}% | {value}/{total} commits | {eta_formatted} left"
const commitsPerUpdate = 1_000

/** Shows on a terminal how much of the log has been read. */
export const showProgress = ({ json }: { readonly json: boolean }): CommitProgress => {
  if (json || !process.stderr.isTTY) return { update: () => undefined, end: () => undefined }
  const bar = new SingleBar(
    { format, hideCursor: true, clearOnComplete: true, stream: process.stderr },
    Presets.shades_classic,
  )
  return {
    update: (read, all) => {
      if (!bar.isActive) bar.start(all, 0)
      if (read % commitsPerUpdate === 0) bar.update(read)
    },
    end: () => bar.stop(),
  }
}
