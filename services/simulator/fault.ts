import type { RefusalReason } from "./refusal.ts"

/** A way in which a request fails on demand. `afterChunks: null` = in the middle. */
export type Fault =
  | { readonly kind: "refuse"; readonly reason: RefusalReason; readonly retryAfter?: string }
  | { readonly kind: "gateway"; readonly status: 502 | 504 }
  | { readonly kind: "break"; readonly how: "cut" | "stall" | "error"; readonly afterChunks: number | null }
  | { readonly kind: "reset" }
  | { readonly kind: "hang" }
  | { readonly kind: "not-json" }
  | { readonly kind: "no-usage" }
  | { readonly kind: "no-stream-options" }

const refusals: Record<string, RefusalReason> = {
  "429": "rate",
  "429-requests": "requests",
  "429-tokens": "tokens",
  "429-concurrency": "concurrency",
  "529": "overloaded",
  "500": "internal",
  "503": "unavailable",
  "400": "invalid",
  "401": "credential",
  "402": "billing",
  "403": "forbidden",
  "404": "model",
  "413": "too_large",
}

/**
 * Reads the value of `x-sim-fault`. Fails: returns the complaint as text.
 *
 * | value | what the client sees |
 * |---|---|
 * | `429` | a 429 without `retry-after` and without a word on which limit it was |
 * | `429-retry-after=2` | the same with `retry-after: 2` (any text is passed on, an HTTP date too) |
 * | `429-requests`, `429-tokens`, `429-concurrency` | a 429 worded and with headers as for that limit |
 * | `529`, `503` | overload, as each of the providers says it |
 * | `500`, `400`, `401`, `402`, `403`, `404`, `413` | that status with the provider's body (Gemini says 400 of a wrong key) |
 * | `502`, `504` | that status with the HTML of a gateway before the provider |
 * | `cut`, `cut=N` | the connection closed in the middle, or after N chunks, without an end |
 * | `stall`, `stall=N` | no more bytes from there on, the connection stays open |
 * | `error`, `error=N` | an error event in the stream from there on, then its end |
 * | `reset` | the connection reset before any header |
 * | `hang` | nothing at all, the connection stays open |
 * | `not-json` | status 200 with a body that is not JSON |
 * | `no-usage` | an answer without usage figures |
 * | `no-stream-options` | 400 that names `stream_options` if the request has them |
 */
export function readFault(text: string): Fault | string {
  const [name = "", argument] = text.trim().split("=", 2)
  if (name === "429-retry-after" && argument !== undefined)
    return { kind: "refuse", reason: "rate", retryAfter: argument }
  const reason = Object.hasOwn(refusals, name) ? refusals[name] : undefined
  if (reason !== undefined && argument === undefined) return { kind: "refuse", reason }
  switch (name) {
    case "502":
    case "504":
      return { kind: "gateway", status: name === "502" ? 502 : 504 }
    case "cut":
    case "stall":
    case "error":
      if (argument !== undefined && !/^\d+$/.test(argument)) break
      return { kind: "break", how: name, afterChunks: argument === undefined ? null : Number(argument) }
    case "reset":
    case "hang":
    case "not-json":
    case "no-usage":
    case "no-stream-options":
      return { kind: name }
  }
  return `x-sim-fault: ${JSON.stringify(text)} is no fault that this provider knows`
}
