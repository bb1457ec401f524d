import type { Attempt } from "../exchange/attempt.ts"
import { type AttemptFailure, problemOfCause, type UpstreamAnswer } from "../exchange/failure.ts"
import { nextAfter } from "../exchange/retry.ts"
import { type Problem, problem, problemHeaders } from "./errors.ts"
import type { Reply } from "./reply.ts"
import { addAnswerHeaders, type Provenance, provenanceHeaders } from "./response-headers.ts"

/** Sends an error in the shape of the protocol. Source: E1, E2, E4. */
export const sendProblem = (reply: Reply, refused: Problem, body: string, provenance: Provenance): void => {
  reply.begin(refused.status, [
    ...provenanceHeaders(provenance),
    "content-type",
    "application/json",
    "content-length",
    String(Buffer.byteLength(body)),
    ...problemHeaders(refused),
  ])
  reply.bytesOut += Buffer.byteLength(body)
  reply.end(body)
}

/** Sends an upstream's error as it came, with the time after which it may be tried again. Source: docs/errors.md. */
export const sendAnswer = (
  reply: Reply,
  answer: UpstreamAnswer,
  body: Buffer,
  provenance: Provenance,
): void => {
  const headers = provenanceHeaders(provenance)
  addAnswerHeaders(headers, answer.headers, "")
  for (const name of ["retry-after", "retry-after-ms"]) {
    const value = answer.headers[name]
    if (typeof value === "string") headers.push(name, value)
  }
  headers.push("content-length", String(body.length))
  reply.begin(answer.status, headers)
  reply.bytesOut += body.length
  reply.end(body)
}

/** Sends the status and the headers of a success; its body follows. */
export const beginAnswer = (reply: Reply, attempt: Attempt, provenance: Provenance): void => {
  const headers = provenanceHeaders(provenance)
  addAnswerHeaders(headers, attempt.headers, attempt.lease.credential)
  const lengthBytes = attempt.relay?.lengthBytes
  // Source: RFC 9110, section 8.6.
  if (lengthBytes !== undefined && attempt.status !== 204) headers.push("content-length", String(lengthBytes))
  reply.begin(attempt.status, headers)
}

/** Sends the end of a whole answer, and all of one that was collected. Source: D3. */
export const endAnswer = (reply: Reply, attempt: Attempt, provenance: () => Provenance): void => {
  if (!reply.begun) beginAnswer(reply, attempt, provenance())
  reply.end(attempt.relay?.takeTail())
}

/** What the client is given after the last attempt has failed: the upstream's own words, or ours. Source: B9, docs/errors.md. */
export type LastWord =
  | { readonly kind: "answer"; readonly answer: UpstreamAnswer; readonly body: Buffer }
  | { readonly kind: "problem"; readonly problem: Problem }

/** Chooses it: an answer that may not be retried goes on as it is, another one if it has the protocol's shape; a redirect never does. */
export const lastWordOf = (failure: AttemptFailure): LastWord => {
  if (failure.kind === "cause") return { kind: "problem", problem: problemOfCause(failure.cause) }
  const { answer } = failure
  const isToPass = answer.status >= 400 && (answer.words !== undefined || nextAfter(failure) === "stop")
  if (answer.body !== undefined && isToPass) {
    return { kind: "answer", answer, body: answer.body }
  }
  const message = `The upstream answered with status ${answer.status} and nothing that can be passed on.`
  const told = problem("upstream_error", message)
  return { kind: "problem", problem: answer.status >= 400 ? { ...told, status: answer.status } : told }
}
