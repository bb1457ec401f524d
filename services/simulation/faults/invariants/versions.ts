import type { LogInvariant } from "./log-invariant.ts"

/** The commits of a subject are counted from 1 without gaps. Source: L5. */
export const versionsWithoutGaps = (): LogInvariant => {
  const last = new Map<string, { readonly version: number; readonly commit: string }>()
  return {
    take: (_fact, { subject, commit, version }) => {
      const before = last.get(subject) ?? { version: 0, commit: "" }
      if (before.commit === commit && before.version === version) return undefined
      last.set(subject, { version, commit })
      if (version === before.version + 1) return undefined
      return `L5: version ${version} of ${subject} follows ${before.version}`
    },
    left: () => [],
  }
}
