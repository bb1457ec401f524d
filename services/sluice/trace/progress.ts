import { openProgressBar, timeLeft } from "../progress-bar.ts"
import type { Tally } from "./play.ts"
import type { RecordedRequest } from "./read-trace.ts"

const format =
  "{bar} {percentage}% | {value}/{total} sent | {answered} answered | {inFlight} in flight | {left} left"

/** Shows on a terminal how far a trace has been played, unless a program reads the output. */
export const showProgress = (
  requests: ReadonlyArray<RecordedRequest>,
  { speed, json }: { readonly speed: number; readonly json: boolean },
): { readonly update: (tally: Tally) => void; readonly end: () => void } => {
  const endsAt = performance.now() + (requests.at(-1)?.offsetMs ?? 0) / speed
  const bar = openProgressBar({ format, isWanted: !json })
  const update = ({ sent, answered, failed }: Tally) =>
    bar.update(sent, requests.length, {
      answered,
      inFlight: sent - answered - failed,
      left: timeLeft(endsAt - performance.now()),
    })
  update({ sent: 0, answered: 0, failed: 0 })
  return { update, end: bar.end }
}
