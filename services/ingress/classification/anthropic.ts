import type { Classification } from "@sluice/events/field.ts"
import type { Rejected } from "./classification.ts"
import { levelOf } from "./rate-limit-headers.ts"

/**
 * Reads a 429 of the Anthropic API: its body names no limit, so the headers of the one that is used up do.
 *
 * Source: C2; Anthropic's reference on rate limits.
 */
export const anthropicKind = ({ headers, words }: Rejected): Classification => {
  if (words.type === "overloaded_error") return "overloaded"
  const level = (kind: string) =>
    levelOf(headers, `anthropic-ratelimit-${kind}-limit`, `anthropic-ratelimit-${kind}-remaining`)
  const tokensToo = ["tokens", "input-tokens", "output-tokens"].some((kind) => level(kind) === "exhausted")
  return level("requests") === "exhausted" && !tokensToo ? "requests" : "unknown"
}
