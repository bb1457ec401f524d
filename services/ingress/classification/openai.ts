import type { Classification } from "@sluice/events/field.ts"
import type { Rejected } from "./classification.ts"
import { levelOf } from "./rate-limit-headers.ts"

/**
 * Reads a 429 of the OpenAI API: the type of its body names the limit, its headers the one that is used up.
 *
 * Both used up at once says nothing about which of them it was.
 * Source: C2; OpenAI's guide on rate limits.
 */
export const openaiKind = ({ headers, words }: Rejected): Classification => {
  const requests = levelOf(headers, "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests")
  const tokens = levelOf(headers, "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens")
  if (requests === "exhausted" && tokens !== "exhausted" && words.type !== "tokens") return "requests"
  // With requests left, the type "requests" speaks of requests at the same time.
  return words.type === "requests" && requests !== "left" ? "requests" : "unknown"
}
