import type { Commit } from "@sluice/events/commit.ts"

/** The last commit of a subject before another. */
export interface Before {
  readonly version: number
  readonly epoch: number
  readonly at: number
}

/**
 * Says what is wrong with the place of a commit in its subject: versions count without gaps, epochs and times never fall, and the message carries the id of its commit.
 *
 * Source: L2, L5, M1.
 */
export const placeProblem = (commit: Commit, id: string, before: Before): string | undefined => {
  if (commit.version !== before.version + 1) return `version ${commit.version} follows ${before.version}`
  if (commit.commit !== id) return `the message ${id} holds the commit ${commit.commit}`
  if (commit.epoch < before.epoch) return `epoch ${commit.epoch} follows ${before.epoch}`
  let last = before.at
  for (const { at, type } of commit.facts) {
    if (at < last) return `${type} is told of ${iso(at)}, after ${iso(last)}`
    last = at
  }
  return undefined
}

const iso = (at: number): string => new Date(at).toISOString()
