import { expect, test } from "vitest"
import { concurrencyStatedIn, limitNamedIn } from "./error-wording.ts"

test.each([
  ["Too many concurrent requests.", "concurrency"],
  ["Your account reached max organization concurrency: 3, please try again after 1 seconds", "concurrency"],
  ["Too many requests in flight", "concurrency"],
  ["limit of 60 requests per minute", "requests"],
  ["generate_content_input_tokens_per_minute_per_base_model", "tokens"],
  ["Number of request tokens has exceeded your per-minute rate limit", "tokens"],
  ["Reduce concurrency: 60 requests per minute are allowed", undefined],
  ["Rate limit reached.", undefined],
  ["", undefined],
])("%j names the limit %s", (message, expected) => {
  expect(limitNamedIn(message)).toBe(expected)
})

test.each([
  ["concurrency limit of 5", 5],
  ["Concurrency limit: 12 reached", 12],
  ["You exceeded your concurrent requests limit (8).", 8],
  ["request reached max organization concurrency: 3, please try again after 1 seconds", 3],
  ["limit of 50 concurrent connections", 50],
  ["at most 4 simultaneous requests", 4],
  ["concurrency limit of 10000", 10_000],
  ["concurrency limit of 10001", null],
  ["concurrency limit of 0", null],
  ["concurrency limit of -5", null],
  ["concurrency limit of 2.5", null],
  ["concurrency limit of 1,000", null],
  ["concurrency limit exceeded, retry in 30 seconds", null],
  ["concurrency limit: 30 seconds", null],
  ["concurrency limit: 30s", null],
  ["limit of 60 requests", null],
  ["Too many concurrent requests.", null],
])("%j states %s at once", (message, expected) => {
  expect(concurrencyStatedIn(message)).toBe(expected)
})
