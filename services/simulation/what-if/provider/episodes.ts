import { heardAt, type RecordedAttempt } from "../recording/recorded-attempt.ts"

/** A time in which a provider took nothing, for one reason. Units: since the epoch. */
export interface Episode {
  readonly fromMs: number
  readonly toMs: number
  /** How many attempts it turns down; a single failure that says nothing of its end is over with the next attempt. */
  readonly most: number
  /** What it answered, in order. */
  readonly answers: ReadonlyArray<RecordedAttempt>
}

/** From so many failures in a row on, with nothing taken between them, the provider was down all the while. */
const inARow = 3

/** A single failure that meets no attempt for so long is not replayed. */
const keptMs = 60_000

/**
 * Finds when a provider failed or turned everything down, for other reasons than how much it was asked.
 *
 * Attempts stand in the order of their beginning. An episode lasts from its first failure to the middle between its last and the next attempt that was taken, or as long as the provider has said, but not beyond that attempt.
 */
export const findEpisodes = (
  attempts: ReadonlyArray<RecordedAttempt>,
  isFailed: (attempt: RecordedAttempt) => boolean,
): ReadonlyArray<Episode> => {
  const episodes: Array<Episode> = []
  let row: Array<RecordedAttempt> = []
  const close = (nextAt: number): void => {
    episodes.push(...episodesOf(row, nextAt))
    row = []
  }
  for (const attempt of attempts) {
    if (isFailed(attempt)) row.push(attempt)
    else if (attempt.outcome === "ok") close(attempt.startedAt)
  }
  close(Infinity)
  return episodes
}

const episodesOf = (row: ReadonlyArray<RecordedAttempt>, nextAt: number): ReadonlyArray<Episode> => {
  const [first] = row
  const last = row.at(-1)
  if (first === undefined || last === undefined) return []
  const toldMs = Math.min(Math.max(...row.map(toldEnd)), nextAt - 1)
  const middleMs = nextAt === Infinity ? last.startedAt : (last.startedAt + nextAt) / 2
  if (row.length >= inARow || toldMs > last.startedAt)
    return [{ fromMs: first.startedAt, toMs: Math.max(middleMs, toldMs), most: Infinity, answers: row }]
  return row.map((one) => ({
    fromMs: one.startedAt,
    toMs: one.startedAt + keptMs,
    most: 1,
    answers: [one],
  }))
}

/** Until when a provider said that it would take nothing. */
const toldEnd = (attempt: RecordedAttempt): number => {
  const rejection = attempt.meaning?.rejection
  if (rejection === undefined) return 0
  return Math.max(rejection.resetAt ?? 0, heardAt(attempt) + (rejection.retryAfterMs ?? 0))
}
