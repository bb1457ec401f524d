import { Presets, SingleBar } from "cli-progress"

/** What a bar shows beside how much is done. */
export type ProgressFields = Readonly<Record<string, string | number>>

/** A progress bar; nothing where nobody looks. */
export interface ProgressBar {
  /** Shows how much is done, of how much in all. */
  readonly update: (done: number, total: number, fields?: ProgressFields) => void
  readonly end: () => void
}

interface Shown {
  /** As `cli-progress` has it: `{bar}`, `{percentage}`, `{value}`, `{total}`, `{eta_formatted}` and the names of fields. */
  readonly format: string
  /** False where a program reads what is printed. */
  readonly isWanted?: boolean
  /** True if the bar goes away once it is complete. */
  readonly isPassing?: boolean
}

const nothing: ProgressBar = { update: () => undefined, end: () => undefined }

/** Opens a progress bar on a terminal; it is drawn once something is known of the work. */
export const openProgressBar = ({ format, isWanted = true, isPassing = false }: Shown): ProgressBar => {
  if (!isWanted || !process.stderr.isTTY) return nothing
  const bar = new SingleBar(
    { format, hideCursor: true, clearOnComplete: isPassing, stream: process.stderr },
    Presets.shades_classic,
  )
  return {
    update: (done, total, fields = {}) => {
      if (!bar.isActive) bar.start(total, done, fields)
      else {
        bar.setTotal(total)
        bar.update(done, fields)
      }
    },
    end: () => bar.stop(),
  }
}

/** Returns a time that is left in words, such as `2 min 5 s`. */
export const timeLeft = (leftMs: number): string => {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
