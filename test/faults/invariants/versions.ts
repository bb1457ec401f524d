import type { Place } from "./log-invariant.ts"

/** The commits of a subject are counted from 1 without gaps, those without facts too. Source: L5. */
export const versionsWithoutGaps = (): ((place: Place) => string | undefined) => {
  const last = new Map<string, number>()
  return ({ subject, version }) => {
    const before = last.get(subject) ?? 0
    last.set(subject, version)
    return version === before + 1 ? undefined : `L5: version ${version} of ${subject} follows ${before}`
  }
}
