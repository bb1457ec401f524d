import { heardAt, isRefused, type RecordedAttempt } from "../recording/recorded-attempt.ts"

/** What an attempt tells of how many its provider takes at once. Source: F1. */
export interface LevelEvidence {
  readonly attempt: RecordedAttempt
  readonly atMs: number
  /** How many its provider served when it came, itself included; refused ones are served by nobody. */
  readonly level: number
  readonly isRejected: boolean
}

/** Messages take longer or shorter by this share: what is taken for evidence has to hold all the same. */
export const travelSpread = 0.3

/**
 * Returns how many attempts a provider served as each came that it took, or rejected as one too many.
 *
 * Attempts stand in the order of their beginning. What ended within a round trip had ended at the provider before the attempt came there.
 */
export const levelEvidence = (
  attempts: ReadonlyArray<RecordedAttempt>,
  {
    roundTripMs,
    isCrowded,
  }: { readonly roundTripMs: number; readonly isCrowded: (attempt: RecordedAttempt) => boolean },
): ReadonlyArray<LevelEvidence> => {
  const evidence: Array<LevelEvidence> = []
  let open: Array<number> = []
  for (const attempt of attempts) {
    const atMs = attempt.startedAt
    open = open.filter((endsAt) => endsAt > atMs)
    const isRejected = isCrowded(attempt)
    const surelyMs = roundTripMs * (isRejected ? 1 - travelSpread : 1 + travelSpread)
    const level = 1 + open.reduce((count, endsAt) => (endsAt > atMs + surelyMs ? count + 1 : count), 0)
    if (isRejected || attempt.outcome === "ok") evidence.push({ attempt, atMs, level, isRejected })
    if (!isRefused(attempt)) open.push(heardAt(attempt))
  }
  return evidence
}
