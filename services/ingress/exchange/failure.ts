import type { Outcome } from "@sluice/events/field.ts"
import { errors } from "undici"
import { type Problem, problem } from "../http/errors.ts"
import { parseJson } from "../json/parse.ts"
import type { AnswerHeaders } from "../providers/classification/answered.ts"
import { type AnswerContext, type Meaning, meaningOf } from "../providers/classification/classification.ts"
import type { ErrorWords, WireProtocol } from "../providers/protocol.ts"

/** An upstream's answer that is no success. */
export interface UpstreamAnswer extends Meaning {
  readonly status: number
  readonly headers: AnswerHeaders
  /** `undefined` where it did not come whole. */
  readonly body: Buffer | undefined
  /** The words of its error; `undefined` where it does not have the protocol's shape. */
  readonly words: ErrorWords | undefined
}

/** What ended an attempt that brought no whole answer. */
export type Cause =
  | "connection"
  | "truncated"
  | "connect_timeout"
  | "first_byte_timeout"
  | "stall"
  | "deadline"
  | "lease_lost"
  | "shutting_down"
  | "client_left"
  | "defect"

/** An attempt that ended before the client saw anything of it. */
export type AttemptFailure =
  | { readonly kind: "answer"; readonly answer: UpstreamAnswer }
  | { readonly kind: "cause"; readonly cause: Cause }

const timedOut = (message: string): Problem => problem("upstream_timeout", message)

/**
 * How an attempt is released that ended for a cause, and what the client is told.
 *
 * A deadline is the client's own and no fault of the upstream.
 * Source: A9, C7, docs/errors.md.
 */
const causes: Readonly<Record<Cause, { readonly outcome: Outcome; readonly problem: Problem }>> = {
  connection: {
    outcome: "upstream_error",
    problem: problem("upstream_error", "The connection to the upstream failed."),
  },
  truncated: {
    outcome: "upstream_error",
    problem: problem("upstream_error", "The upstream's answer broke off before its end."),
  },
  connect_timeout: {
    outcome: "timeout",
    problem: timedOut("The upstream did not take the connection in time."),
  },
  first_byte_timeout: {
    outcome: "timeout",
    problem: timedOut("The upstream did not begin to answer in time."),
  },
  stall: { outcome: "timeout", problem: timedOut("The upstream stopped in the middle of its answer.") },
  deadline: {
    outcome: "aborted",
    problem: problem("deadline_exceeded", "The deadline passed before the upstream began to answer."),
  },
  lease_lost: {
    outcome: "aborted",
    problem: problem("event_log_unavailable", "The event log did not take this request."),
  },
  shutting_down: {
    outcome: "aborted",
    problem: problem("shutting_down", "The proxy is shutting down."),
  },
  client_left: { outcome: "client_closed", problem: problem("client_closed", "The client has left.") },
  defect: { outcome: "aborted", problem: problem("internal_error", "The proxy failed.") },
}

/** What the client is told of a cause. Source: docs/errors.md. */
export const problemOfCause = (cause: Cause): Problem => causes[cause].problem

/** How an attempt that ended for this cause is released. Source: A9. */
export const outcomeOfCause = (cause: Cause): Outcome => causes[cause].outcome

/** How a failed attempt is released. */
export const outcomeOf = (failure: AttemptFailure): Outcome => {
  if (failure.kind === "cause") return outcomeOfCause(failure.cause)
  return failure.answer.rejection === undefined ? "upstream_error" : "rate_limited"
}

/** Names the cause of an error of undici or of a socket. */
export const causeOf = (error: unknown, hasFirstByte: boolean): Cause => {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined
  if (code === "UND_ERR_CONNECT_TIMEOUT") return "connect_timeout"
  if (code === "UND_ERR_HEADERS_TIMEOUT") return "first_byte_timeout"
  if (code === "UND_ERR_BODY_TIMEOUT") return hasFirstByte ? "stall" : "first_byte_timeout"
  if (error instanceof errors.HTTPParserError) return "connection"
  return typeof code === "string" && !isOwnMistake(code) ? "connection" : "defect"
}

/** Errors of a call rather than of a connection. */
const isOwnMistake = (code: string): boolean =>
  code === "UND_ERR_INVALID_ARG" ||
  code === "ERR_ASSERTION" ||
  code.startsWith("ERR_INVALID_") ||
  code.startsWith("ERR_HTTP_")

const noWords: ErrorWords = { type: "", code: "", message: "" }

/** Reads an answer that is no success, from a channel that declares what an unexplained 429 means. */
export const readAnswer = (
  protocol: WireProtocol,
  { status, headers, body }: Pick<UpstreamAnswer, "status" | "headers" | "body">,
  context: Pick<AnswerContext, "unknownRejection" | "nowMs">,
): UpstreamAnswer => {
  const words = body === undefined ? undefined : protocol.errorWords(parseJson(body))
  const meaning = meaningOf(
    { status, headers, words: words ?? noWords },
    { protocol: protocol.name, ...context },
  )
  return { status, headers, body, words, ...meaning }
}
