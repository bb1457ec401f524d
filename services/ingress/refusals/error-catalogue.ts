/** What is told about one error, once for the code and for docs/errors.md. */
export interface CataloguedError {
  /** What the client reads; one code can have several cases. */
  readonly code: string
  readonly status: number
  /** When to come again; `known` is told by the one who refuses, who may not know it. Absent: it is not told. Units: milliseconds. */
  readonly retryAfter?: number | "known"
  readonly when: string
  readonly advice: string
  readonly again: string
}

/**
 * Every error that Sluice makes by itself, by its case: the one place where its code, its status and its `retry-after` stand.
 *
 * Source: docs/errors.md; `forbidden_origin` (403), `invalid_deadline` (400), `not_found` (404), `method_not_allowed` (405), `internal_error` (500) and
 * `client_closed` (499) are choices, because no protocol names a status for them.
 */
export const errorCatalogue = {
  invalid_body: {
    code: "invalid_body",
    status: 400,
    when: "The body is no JSON object, breaks the rules of its endpoint, or an upstream could read it differently than Sluice does: a member that counts (the model, the stream, limits of the output) stands twice, in other letters or with another type. Also a model's name that has more than 256 characters, or control characters.",
    advice: "Correct the body; the message says what is wrong.",
    again: "no",
  },
  invalid_deadline: {
    code: "invalid_deadline",
    status: 400,
    when: "`x-sluice-deadline-ms` is no whole number from 1 to 86 400 000.",
    advice: "Correct the header.",
    again: "no",
  },
  malformed_request: {
    code: "malformed_request",
    status: 400,
    when: "The head of the request is no HTTP that can be served. The answer has no body; the code stands in the log only.",
    advice: "Look at what stands between the client and Sluice.",
    again: "no",
  },
  invalid_client_key: {
    code: "invalid_client_key",
    status: 401,
    when: "The client key is missing or not known.",
    advice: "Send the key as the protocol's SDK does; `clients[].key` says where the operator keeps it.",
    again: "no",
  },
  forbidden_origin: {
    code: "forbidden_origin",
    status: 403,
    when: "No client keys are configured, and the request comes from another machine, was relayed (`x-forwarded-for`, `forwarded`, `x-real-ip`), has an `Origin`, or names a host that is not loopback.",
    advice: "Configure `clients` with keys.",
    again: "no",
  },
  model_not_found: {
    code: "model_not_found",
    status: 404,
    when: "No pool that the client may use serves the model.",
    advice: "List the models with `GET /v1/models`; the operator adds the model to `pools[].models`.",
    again: "no",
  },
  not_found: {
    code: "not_found",
    status: 404,
    when: "No such path is served.",
    advice:
      "Check the SDK's base URL. Realtime sessions, files, batches and stored responses are not served.",
    again: "no",
  },
  method_not_allowed: {
    code: "method_not_allowed",
    status: 405,
    when: "The path is served with another method, which `allow` names.",
    advice: "Use that method.",
    again: "no",
  },
  body_too_large: {
    code: "body_too_large",
    status: 413,
    when: "The body is larger than `settings.bodyLimitBytes`.",
    advice: "Send less, or raise the setting.",
    again: "no",
  },
  headers_too_large: {
    code: "headers_too_large",
    status: 431,
    when: "The head of the request is larger than Node's limit. The answer has no body; the code stands in the log only.",
    advice: "Send fewer or shorter headers.",
    again: "no",
  },
  too_many_wrong_keys: {
    code: "too_many_wrong_keys",
    status: 429,
    retryAfter: "known",
    when: "Ten wrong keys came within a minute from the caller's address (the /64 of an IPv6 one). For a minute it is served only to clients whose keys were right from there before.",
    advice: "Correct the key.",
    again: "after `retry-after`, with another key",
  },
  client_concurrency_exceeded: {
    code: "client_concurrency_exceeded",
    status: 429,
    when: "The client has as many requests at once as its `maxConcurrent`; waiting ones count.",
    advice: "Send fewer at once, or raise the client's limit.",
    again: "when one of them has ended",
  },
  client_rpm_exhausted: {
    code: "client_rpm_exhausted",
    status: 429,
    when: "The client has used up its `rpm`.",
    advice: "Send more slowly, or raise the client's limit.",
    again: "within a minute",
  },
  body_budget_exceeded: {
    code: "body_budget_exceeded",
    status: 429,
    when: "The bodies of the client's requests hold half of `settings.bodyBudgetBytes`. A body of up to 64 KiB always finds room.",
    advice: "Send fewer large bodies at once, or raise the setting.",
    again: "when one of them has ended",
  },
  body_budget_exceeded_by_all: {
    code: "body_budget_exceeded",
    status: 503,
    retryAfter: 1_000,
    when: "The bodies of all clients leave too little of `settings.bodyBudgetBytes` for one of this size.",
    advice: "Wait, or raise the setting.",
    again: "after `retry-after`",
  },
  channel_queue_full: {
    code: "channel_queue_full",
    status: 429,
    when: "Every channel that could carry the request is at its limit, and its queue is full.",
    advice: "Send less, or raise `queueSize`, the limits, or the number of accounts.",
    again: "later; at once only adds to the load",
  },
  channel_queue_timeout: {
    code: "channel_queue_timeout",
    status: 429,
    when: "The request has waited for `queueTimeoutMs`, over all of its waits.",
    advice: "Send less, or raise `queueTimeoutMs`.",
    again: "later; it goes to the end of the queue",
  },
  deadline_exceeded_in_queue: {
    code: "deadline_exceeded",
    status: 429,
    when: "The request's own deadline (`x-sluice-deadline-ms`) passed while it waited for a slot, or would pass before it could get one. No upstream works on it.",
    advice: "Allow more time, or send less.",
    again: "yes, with a longer deadline",
  },
  deadline_exceeded: {
    code: "deadline_exceeded",
    status: 504,
    when: "The request's own deadline passed while an upstream worked on it and had not begun to answer.",
    advice: "Allow more time. The attempt may have cost something.",
    again: "yes, with a longer deadline",
  },
  channel_rpm_exhausted: {
    code: "channel_rpm_exhausted",
    status: 429,
    when: "The requests a minute of every channel or account that could carry it are used up for longer than it can wait.",
    advice: "Send more slowly, or add accounts.",
    again: "within a minute",
  },
  channel_tpm_exhausted: {
    code: "channel_tpm_exhausted",
    status: 429,
    when: "The tokens a minute of every channel or account that could carry it are used up for longer than it can wait.",
    advice: "Send more slowly or ask for less output, or add accounts.",
    again: "within a minute",
  },
  all_cooling: {
    code: "all_cooling",
    status: 429,
    retryAfter: "known",
    when: "Every account that could carry the request cools down for longer than it can wait.",
    advice: "Wait; `npx sluice doctor` says what the providers said.",
    again: "after `retry-after`, the earliest end of a cooldown",
  },
  upstream_failing: {
    code: "upstream_failing",
    status: 503,
    when: "Only accounts are left whose attempts fail one after the other, none can be tested in the request's time, and no upstream has answered it.",
    advice: "Look at the upstream; `npx sluice doctor` names it.",
    again: "later",
  },
  no_candidate: {
    code: "no_candidate",
    status: 503,
    when: "No channel of the pool can carry the request for other reasons, which the message counts (disabled, suspended, a used up window, …).",
    advice: "Ask the operator, whom `npx sluice doctor` tells what to do for each reason.",
    again: "after the cause is mended",
  },
  event_log_unavailable: {
    code: "event_log_unavailable",
    status: 503,
    retryAfter: 1_000,
    when: "The event log does not answer or did not take the request, and nothing is admitted without it.",
    advice: "Look at NATS; [operations.md](operations.md) says what an outage does.",
    again: "after `retry-after`",
  },
  disk_full: {
    code: "disk_full",
    status: 503,
    retryAfter: 10_000,
    when: "Less than `settings.minFreeDiskBytes` is free on the disk of the data directory.",
    advice: "Make room.",
    again: "after `retry-after`",
  },
  shutting_down: {
    code: "shutting_down",
    status: 503,
    retryAfter: 1_000,
    when: "The process stops: it takes nothing new, and what did not end within `settings.shutdownGraceMs` is cut.",
    advice: "Nothing; another process, or the next one, serves it.",
    again: "after `retry-after`",
  },
  internal_error: {
    code: "internal_error",
    status: 500,
    when: "Sluice met a defect of its own; its log holds the error.",
    advice: "Report it with `x-sluice-request-id`.",
    again: "once",
  },
  upstream_error: {
    code: "upstream_error",
    status: 502,
    when: "The last attempt failed because the connection broke, the answer broke off, or it was a redirect or another answer that cannot be passed on.",
    advice: "`npx sluice explain REQUEST` shows each attempt.",
    again: "yes; Sluice has tried as often as `pools[].retries` allows",
  },
  upstream_timeout: {
    code: "upstream_error",
    status: 504,
    when: "The last attempt ran into one of the channel's `timeouts`.",
    advice: "`npx sluice explain REQUEST` shows each attempt; raise the timeout if the model is that slow.",
    again: "yes; Sluice has tried as often as `pools[].retries` allows",
  },
  client_closed: {
    code: "client_closed",
    status: 499,
    when: "The client left before the end. Nobody reads this code; it stands in the log only.",
    advice: "Nothing.",
    again: "no",
  },
} as const satisfies Readonly<Record<string, CataloguedError>>

/** A case of the catalogue: a code, or one of the cases of a code. */
export type ErrorCase = keyof typeof errorCatalogue

/** A code that a client can get from Sluice, or that the log holds in place of one. */
export type ErrorCode = (typeof errorCatalogue)[ErrorCase]["code"]

/** Returns the span after which a client may come again, if it is the same each time. Units: milliseconds. */
export const usualRetryAfterMs = (of: ErrorCase): number | null => {
  const { retryAfter }: CataloguedError = errorCatalogue[of]
  return typeof retryAfter === "number" ? retryAfter : null
}

/** True if SDKs are told not to try again by themselves, because the queue has done the waiting. Source: E2. */
export const isNotToRetry = (status: number): boolean => status === 429
