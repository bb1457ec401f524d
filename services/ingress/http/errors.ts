import {
  type ErrorCase,
  type ErrorCode,
  errorCatalogue,
  isNotToRetry,
  usualRetryAfterMs,
} from "../refusals/error-catalogue.ts"

/** Something that the caller is told in the shape of its protocol. Source: docs/errors.md. */
export interface Problem {
  readonly code: ErrorCode
  readonly status: number
  readonly message: string
  readonly retryAfterMs: number | null
}

/** Stands in `request.completed` where nothing went wrong. */
export const okCode = "ok"

/** Makes a problem with the code, the status and the `retry-after` of its case. */
export const problem = (of: ErrorCase, message: string): Problem => ({
  code: errorCatalogue[of].code,
  status: errorCatalogue[of].status,
  message,
  retryAfterMs: usualRetryAfterMs(of),
})

/** The headers that tell an SDK whether to come again: a local 429 never brings `retry-after` unless the end of the cooling, or of a pause, is known. Source: E2. */
export const problemHeaders = ({ status, retryAfterMs }: Problem): string[] => {
  const headers = isNotToRetry(status) ? ["x-should-retry", "false"] : []
  if (retryAfterMs !== null) headers.push("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1000))))
  return headers
}
