import { describe, expect, test } from "vitest"
import { type AnswerHeaders, classify } from "./classification.ts"
import { retryAfterMs } from "./retry-after.ts"

const now = Date.parse("2026-11-20T10:00:00Z")
const words = { type: "", code: "", message: "" }

const kindOf = (protocol: "openai" | "anthropic", status: number, headers: AnswerHeaders, said = words) =>
  classify(protocol, { status, headers, words: said }, now)?.classification

describe("a 429 of OpenAI", () => {
  const levels = (requests: string, tokens: string): AnswerHeaders => ({
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": requests,
    "x-ratelimit-limit-tokens": "9000",
    "x-ratelimit-remaining-tokens": tokens,
  })

  test("is about requests when these are used up and tokens are not", () => {
    expect(kindOf("openai", 429, levels("0", "8000"))).toBe("requests")
  })

  test("is about requests when its body says so and no header denies it", () => {
    expect(kindOf("openai", 429, {}, { ...words, type: "requests", code: "rate_limit_exceeded" })).toBe(
      "requests",
    )
    expect(kindOf("openai", 429, levels("12", "8000"), { ...words, type: "requests" })).toBe("unknown")
  })

  test.each([
    ["nothing is said", {}],
    ["both are used up", levels("0", "0")],
    ["tokens are used up", levels("5", "0")],
    ["the figures are absurd", levels("-1", "-1")],
    ["more is left than there is", levels("61", "8000")],
    ["the limit is 0", { "x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0" }],
    ["the figures are empty", levels("", "")],
  ])("is unknown when %s", (_, headers) => {
    expect(kindOf("openai", 429, headers)).toBe("unknown")
  })
})

describe("a 429 of Anthropic", () => {
  const level = (kind: string, remaining: string): AnswerHeaders => ({
    [`anthropic-ratelimit-${kind}-limit`]: "50",
    [`anthropic-ratelimit-${kind}-remaining`]: remaining,
  })

  test("is about requests when only these are used up", () => {
    expect(kindOf("anthropic", 429, { ...level("requests", "0"), ...level("tokens", "9") })).toBe("requests")
    expect(kindOf("anthropic", 429, { ...level("requests", "0"), ...level("input-tokens", "0") })).toBe(
      "unknown",
    )
    expect(kindOf("anthropic", 429, level("requests", "3"))).toBe("unknown")
  })
})

describe("overload", () => {
  test("is a 529, or a 503 whose body speaks of it", () => {
    expect(kindOf("openai", 529, {})).toBe("overloaded")
    const engine = { ...words, type: "server_error", message: "The engine is currently overloaded" }
    expect(kindOf("openai", 503, {}, engine)).toBe("overloaded")
    expect(kindOf("anthropic", 503, {}, { ...words, type: "overloaded_error" })).toBe("overloaded")
    expect(kindOf("anthropic", 429, {}, { ...words, type: "overloaded_error" })).toBe("overloaded")
  })

  test("is no other failure", () => {
    expect(kindOf("openai", 503, {}, { ...words, message: "down for maintenance" })).toBeUndefined()
    expect(kindOf("openai", 500, {}, { ...words, message: "overloaded" })).toBeUndefined()
    expect(kindOf("openai", 400, {})).toBeUndefined()
  })
})

test("the evidence is what was looked at, and nothing of what was said", () => {
  const rejection = classify(
    "openai",
    {
      status: 429,
      headers: {
        "retry-after": "2",
        "x-ratelimit-limit-requests": "60",
        "set-cookie": ["a"],
        "x-request-id": "r",
      },
      words: { type: "requests", code: "rate_limit_exceeded", message: "Rate limit for org-secret" },
    },
    now,
  )
  expect(rejection).toEqual({
    classification: "requests",
    evidence: {
      "retry-after": "2",
      "x-ratelimit-limit-requests": "60",
      "error.type": "requests",
      "error.code": "rate_limit_exceeded",
    },
    retryAfterMs: 2000,
    summary: "429 requests rate_limit_exceeded",
  })
})

test("a code that is free text is no evidence, and long values are cut", () => {
  const headers = { "x-ratelimit-note": "n".repeat(500) }
  const said = { type: "you, Jane, asked: too much", code: "", message: "" }
  const rejection = classify("openai", { status: 429, headers, words: said }, now)
  expect(rejection?.evidence).toEqual({ "x-ratelimit-note": "n".repeat(128) })
  expect(rejection?.summary).toBe("429")
})

describe("retry-after", () => {
  test.each<[AnswerHeaders, number | null]>([
    [{ "retry-after": "2" }, 2_000],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "1.25" }, 1_250],
    [{ "retry-after-ms": "350", "retry-after": "9" }, 350],
    [{ "retry-after-ms": "soon", "retry-after": "9" }, 9_000],
    [{ "retry-after": "Fri, 20 Nov 2026 10:00:30 GMT" }, 30_000],
    [{ "retry-after": "Fri, 20 Nov 2026 09:00:00 GMT" }, 0],
    [{ "retry-after": "86400" }, 3_600_000],
    [{ "retry-after": "Sat, 20 Nov 2027 10:00:00 GMT" }, 3_600_000],
    [{ "retry-after": "-5" }, null],
    [{ "retry-after": "1e9" }, null],
    [{ "retry-after": "tomorrow" }, null],
    [{ "retry-after": "" }, null],
    [{}, null],
  ])("%j is %s ms", (headers, expected) => {
    expect(retryAfterMs(headers, now)).toBe(expected)
  })
})
