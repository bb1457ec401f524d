import { createHash } from "node:crypto"
import type { AttemptEnd } from "../admission/lease.ts"
import type { AnswerHeaders } from "../providers/classification/answered.ts"
import { windowEndsAt } from "../providers/classification/classification.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import { type AttemptFailure, outcomeOf } from "./failure.ts"

/** What an attempt heard from its upstream. */
export interface UpstreamEvidence {
  readonly protocol: WireProtocol
  /** 0 where no status line came. */
  readonly status: number
  readonly headers: AnswerHeaders
  readonly nowMs: number
}

/** How an attempt is released whose client has seen something of the answer, or could have. Source: D6. */
export const endOfAnswer = (
  { protocol, status, headers, nowMs }: UpstreamEvidence,
  { outcome, ttftMs }: Pick<AttemptEnd, "outcome" | "ttftMs">,
): AttemptEnd => {
  const endsAt = windowEndsAt(protocol.name, headers, nowMs)
  const end = { outcome, status, ttftMs }
  return endsAt === undefined ? end : { ...end, windowEndsAt: endsAt }
}

/** How an attempt is released that failed, with what the answer says of the account. `body` is what the client sent. Source: C2, C7, D6. */
export const endOfFailure = (heard: UpstreamEvidence, failure: AttemptFailure, body: Buffer): AttemptEnd => {
  const end = endOfAnswer(heard, { outcome: outcomeOf(failure), ttftMs: null })
  if (failure.kind === "cause") return end
  const { rejection, credentialRefused, isModelUnknown } = failure.answer
  return {
    ...end,
    ...(rejection === undefined ? {} : { rejection }),
    ...(credentialRefused === undefined ? {} : { credentialRefused }),
    ...(isModelUnknown ? { isModelUnknown } : {}),
    ...(speaksOfRights(heard.status) ? { fingerprint: fingerprintOf(body) } : {}),
  }
}

const speaksOfRights = (status: number): boolean => status === 401 || status === 402 || status === 403

const hashedBytes = 64 * 1024

/** Names a body without telling anything of it. Of a long one its begin, its end and its length stand for the whole. Shape: 8 hex digits. */
const fingerprintOf = (body: Buffer): string => {
  const hash = createHash("sha256")
  if (body.length <= 2 * hashedBytes) hash.update(body)
  else hash.update(body.subarray(0, hashedBytes)).update(body.subarray(-hashedBytes)).update(`${body.length}`)
  return hash.digest("hex").slice(0, 8)
}
