import type { AnswerHeaders } from "@sluice/ingress/providers/classification/answered.ts"
import type { RateLevel } from "@sluice/simulator/rate-gauge.ts"
import { type Refusal, retryHeaders } from "@sluice/simulator/refusal.ts"
import { openaiWire } from "@sluice/simulator/wire/openai.ts"
import type { Rejected } from "./upstream.ts"

/** The levels of one credential; what is not limited is told as what hardly anybody reaches, as OpenAI does. */
export interface Levels {
  readonly requests?: RateLevel
  readonly tokens?: RateLevel
}

const nominal: RateLevel = { limit: 10_000_000, remaining: 9_999_999, resetMs: 6 }

/** The headers that tell how much is left. */
export const levelHeaders = ({ requests = nominal, tokens = nominal }: Levels): AnswerHeaders =>
  asRecord(openaiWire.headers("req_virtual", { requests, tokens }))

/** An answer that is no success, as the OpenAI API words it; without levels it tells nothing of them. */
export const rejection = (refusal: Refusal, levels?: Levels): Rejected => {
  const { status, body } = openaiWire.refuse(refusal, "req_virtual")
  const headers = {
    ...(levels === undefined ? {} : levelHeaders(levels)),
    ...asRecord(retryHeaders(refusal)),
  }
  return { status, headers, body: Buffer.from(body) }
}

const asRecord = (flat: ReadonlyArray<string>): Record<string, string> => {
  const record: Record<string, string> = {}
  for (let at = 0; at + 1 < flat.length; at += 2) record[flat[at] ?? ""] = flat[at + 1] ?? ""
  return record
}
