import { aheadOf } from "@sluice/events/commit.ts"
import type { StoredCommit } from "./stored-commits.ts"

/** Up to where a history is wanted: all that happened by a time of the machine's clock, or whole commits up to a version. */
export interface Until {
  readonly atMs: number
  readonly version: number
}

/** Everything that is stored. */
export const everything: Until = { atMs: Infinity, version: Infinity }

/** True if a commit belongs whole to what is wanted. */
export const isWithin = ({ commit }: StoredCommit, { atMs, version }: Until): boolean =>
  commit.at - aheadOf(commit) <= atMs && commit.version <= version
