import { Presets, SingleBar } from "cli-progress"
import type { Tally } from "./play.ts"
import type { RecordedRequest } from "./read-trace.ts"

/** A progress bar, or nothing where nobody looks. */
export interface Progress {
  readonly update: (tally: Tally) => void
  readonly end: () => void
}

const format =
  "{bar} {percentage}% | {value}/{total} sent | {answered} answered | {inFlight} in flight | {left} left"

/** Shows on a terminal how far a trace has been played; nothing elsewhere, and nothing where a program reads the output. */
export const showProgress = (
  requests: ReadonlyArray<RecordedRequest>,
  { speed, json }: { readonly speed: number; readonly json: boolean },
): Progress => {
  if (json || !process.stderr.isTTY) return { update: () => undefined, end: () => undefined }
  const endsAt = performance.now() + (requests.at(-1)?.offsetMs ?? 0) / speed
  const fieldsOf = ({ sent, answered, failed }: Tally) => ({
    answered,
    inFlight: sent - answered - failed,
    left: formatLeft(endsAt - performance.now()),
  })
  const bar = new SingleBar({ format, hideCursor: true, stream: process.stderr }, Presets.shades_classic)
  bar.start(requests.length, 0, fieldsOf({ sent: 0, answered: 0, failed: 0 }))
  return {
    update: (tally) => bar.update(tally.sent, fieldsOf(tally)),
    end: () => bar.stop(),
  }
}

const formatLeft = (leftMs: number): string => {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
