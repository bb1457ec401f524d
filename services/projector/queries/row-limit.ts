import { InvalidParameter } from "./invalid-parameter.ts"
import type { GivenParameters, ParameterInfo } from "./query.ts"

const usualRows = "100"

/** The parameter of a query that may have many rows. */
export const rowLimitParameter: ParameterInfo = { name: "limit", about: "the most rows", default: usualRows }

/**
 * Reads the most rows that an answer may have.
 *
 * Fails: throws `InvalidParameter`.
 */
export const readRowLimit = ({ limit: text = usualRows }: GivenParameters): number => {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= 10_000) return limit
  throw new InvalidParameter({ parameter: "limit", reason: `${JSON.stringify(text)} is not from 1 to 10000` })
}
