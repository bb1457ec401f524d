import { isDeepStrictEqual } from "node:util"

/** One thing that is not as it was: where, and from what to what; `undefined` stands for nothing. */
export interface Change {
  /** Names of fields, the outermost first, joined by points. */
  readonly path: string
  readonly from?: unknown
  readonly to?: unknown
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Lists what changed between two JSON values, the smallest part that did.
 *
 * What came or went as a whole is one change; lists are compared as wholes, for a place in a list is no name.
 */
export const differenceOf = (before: unknown, after: unknown, path = ""): ReadonlyArray<Change> => {
  if (Object.is(before, after)) return []
  if (isFields(before) && isFields(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return names.flatMap((name) =>
      differenceOf(before[name], after[name], path === "" ? name : `${path}.${name}`),
    )
  }
  if (Array.isArray(before) && isDeepStrictEqual(before, after)) return []
  return [
    {
      path,
      ...(before === undefined ? {} : { from: before }),
      ...(after === undefined ? {} : { to: after }),
    },
  ]
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)
