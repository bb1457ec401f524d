import { type ErrorDetails, isObject, textOf } from "../protocol.ts"

const nothing: ErrorDetails = { reasons: [], quotas: [], retryDelay: "" }
const mostDetails = 20

/** Reads the `details` of an error of Google's; what has none of the known kinds is left out. Source: `google.rpc.ErrorInfo`, `QuotaFailure`, `RetryInfo`. */
export const readErrorDetails = (details: unknown): ErrorDetails => {
  if (!Array.isArray(details)) return nothing
  const reasons: string[] = []
  const quotas: string[] = []
  let retryDelay = ""
  for (const detail of details.slice(0, mostDetails)) {
    if (!isObject(detail)) continue
    const kind = textOf(detail["@type"])
    if (kind.endsWith("google.rpc.ErrorInfo")) reasons.push(textOf(detail["reason"]))
    else if (kind.endsWith("google.rpc.RetryInfo")) retryDelay = textOf(detail["retryDelay"])
    else if (kind.endsWith("google.rpc.QuotaFailure")) quotas.push(...quotasOf(detail["violations"]))
  }
  return { reasons: reasons.filter((reason) => reason !== ""), quotas, retryDelay }
}

/** The id says what is counted and for how long; where there is none, the name of the metric says most of it. */
const quotasOf = (violations: unknown): ReadonlyArray<string> => {
  if (!Array.isArray(violations)) return []
  return violations
    .slice(0, mostDetails)
    .flatMap((violation) =>
      isObject(violation) ? [textOf(violation["quotaId"]) || textOf(violation["quotaMetric"])] : [],
    )
    .filter((quota) => quota !== "")
}
