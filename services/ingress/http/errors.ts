/** Something that the caller is told in the shape of its protocol. Source: docs/errors.md. */
export interface Problem {
  readonly code: string
  readonly status: number
  readonly message: string
  readonly retryAfterMs: number | null
}

/**
 * The status of every code that this process gives by itself. Refusals of admission bring their own.
 *
 * Source: docs/errors.md; `forbidden_origin` (403), `invalid_deadline` (400), `not_found` (404), `method_not_allowed` (405), `internal_error` (500) and
 * `client_closed` (499, recorded only, since nobody is left to read it) are choices where the table is silent.
 */
export const statusOfCode = {
  body_budget_exceeded: 429,
  body_too_large: 413,
  client_closed: 499,
  client_concurrency_exceeded: 429,
  client_rpm_exhausted: 429,
  deadline_exceeded: 504,
  disk_full: 503,
  event_log_unavailable: 503,
  forbidden_origin: 403,
  internal_error: 500,
  invalid_body: 400,
  invalid_client_key: 401,
  invalid_deadline: 400,
  method_not_allowed: 405,
  model_not_found: 404,
  not_found: 404,
  shutting_down: 503,
  too_many_wrong_keys: 429,
  upstream_error: 502,
} as const

/** When to come again, where that is known beforehand. */
const comeBackAfterMs: Partial<Record<LocalCode, number>> = {
  disk_full: 10_000,
  event_log_unavailable: 1_000,
  shutting_down: 1_000,
}

/** A code that this process gives by itself. */
export type LocalCode = keyof typeof statusOfCode

/** Stands in `request.completed` where nothing went wrong. */
export const okCode = "ok"

/** Makes a problem with the status of its code. */
export const problem = (code: LocalCode, message: string): Problem => ({
  code,
  status: statusOfCode[code],
  message,
  retryAfterMs: comeBackAfterMs[code] ?? null,
})

/** The headers that tell an SDK whether to come again: a local 429 never brings `retry-after` unless the end of the cooling, or of a pause, is known. Source: E2. */
export const problemHeaders = ({ code, status, retryAfterMs }: Problem): string[] => {
  const headers = status === 429 ? ["x-should-retry", "false"] : []
  if (retryAfterMs !== null && (status !== 429 || code === "all_cooling" || code === "too_many_wrong_keys")) {
    headers.push("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1000))))
  }
  return headers
}
