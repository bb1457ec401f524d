/** Why a provider does not serve a request; each wire words it in its own way. */
export type RefusalReason =
  | "concurrency"
  | "requests"
  | "tokens"
  | "rate"
  | "overloaded"
  | "internal"
  | "unavailable"
  | "invalid"
  | "credential"
  | "billing"
  | "forbidden"
  | "model"
  | "too_large"

/** A refusal with what its wording needs; `message` replaces the usual wording. */
export interface Refusal {
  readonly reason: RefusalReason
  readonly message?: string
  readonly param?: string
  readonly model?: string
  readonly limit?: number
  readonly used?: number
  readonly requested?: number
  /** Wall time until a new try may succeed, where the provider knows it. */
  readonly retryMs?: number
  /** Sent as `retry-after` word for word, in place of one made from `retryMs`. */
  readonly retryAfter?: string
}

/** A refusal as it goes over the wire. */
export interface WireRefusal {
  readonly status: number
  readonly body: string
}

/** The `retry-after` headers of a refusal: whole seconds, rounded up. */
export function retryHeaders(refusal: Refusal): string[] {
  if (refusal.retryAfter !== undefined) return ["retry-after", refusal.retryAfter]
  if (refusal.retryMs === undefined) return []
  return ["retry-after", String(Math.max(1, Math.ceil(refusal.retryMs / 1000)))]
}
