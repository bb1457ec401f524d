import type { Outcome } from "./outcome.ts"

/** A count that came out otherwise when the recorded demand was run again as it was configured. */
export interface Difference {
  readonly what: string
  readonly recorded: number
  readonly again: number
}

const share = 0.02
const least = 3

/** Lists the counts in which a run as it was configured is off by more than 2 % and more than 3: so far its assumptions do not hold. Source: R4. */
export const differencesOf = (recorded: Outcome, again: Outcome): ReadonlyArray<Difference> => {
  const codes = [...new Set([...Object.keys(recorded.codes), ...Object.keys(again.codes)])].toSorted()
  const pairs: ReadonlyArray<Difference> = [
    { what: "completed", recorded: recorded.completed, again: again.completed },
    ...codes.map((code) => ({
      what: code,
      recorded: recorded.codes[code] ?? 0,
      again: again.codes[code] ?? 0,
    })),
    { what: "provider 429s", recorded: recorded.rejections, again: again.rejections },
  ]
  return pairs.filter((pair) => Math.abs(pair.again - pair.recorded) > Math.max(least, share * pair.recorded))
}
