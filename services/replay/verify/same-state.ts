import { differenceOf } from "../difference.ts"

/** What somebody else says that the commits of a subject up to a version make. */
export interface ExpectedState {
  readonly version: number
  readonly machineHash: string
  readonly state: unknown
  /** Who says it. */
  readonly by: "running" | "snapshot" | "checkpoint"
}

const shownChanges = 3

const who: Readonly<Record<ExpectedState["by"], string>> = {
  running: "the running actor",
  snapshot: "the stored snapshot",
  checkpoint: "the checkpoint",
}

/**
 * Says where another state differs from the fold, or nothing where they are alike.
 *
 * Source: L13.
 */
export const stateProblem = (
  fold: unknown,
  { state, by }: Pick<ExpectedState, "state" | "by">,
): string | undefined => {
  const folded: unknown = JSON.parse(JSON.stringify(fold))
  const changes = differenceOf(folded, JSON.parse(JSON.stringify(state)))
  if (changes.length === 0) return undefined
  const places = changes.slice(0, shownChanges).map(({ path }) => path)
  const more = changes.length > shownChanges ? ` and ${changes.length - shownChanges} more places` : ""
  return `${who[by]} is not what the log makes: ${places.join(", ")}${more} differ`
}
