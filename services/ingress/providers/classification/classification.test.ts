import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { arrivedMs, readMeaning } from "../../testing/read-meaning.ts"
import type { AnswerHeaders } from "./answered.ts"
import { meaningOf, windowEndsAt } from "./classification.ts"
import { retryAfterMs } from "./retry-after.ts"

const said = (message: string, type = "", code = "") => ({ error: { message, type, code } })

describe("overload", () => {
  test("is a 529, or a 503 whose body speaks of it", () => {
    const kindOf = (status: number, body?: unknown) =>
      readMeaning("openai", { status, body }).rejection?.classification
    expect(kindOf(529)).toBe("overloaded")
    expect(kindOf(503, said("The engine is currently overloaded", "server_error"))).toBe("overloaded")
    expect(kindOf(503, said("down for maintenance"))).toBeUndefined()
    expect(kindOf(500, said("overloaded"))).toBeUndefined()
    expect(kindOf(400)).toBeUndefined()
  })
})

describe("what the operator declares of a channel", () => {
  test("is what a 429 means that brings no evidence, and is evidence itself", () => {
    const { rejection } = readMeaning("openai", { headers: { "retry-after": "1" } }, "concurrency")
    expect(rejection).toMatchObject({
      classification: "concurrency",
      evidence: { "retry-after": "1", "channel.unknownRejection": "concurrency" },
    })
  })

  test("yields to any evidence, and says nothing of other answers", () => {
    const ofTokens = readMeaning("openai", { body: said("", "tokens") }, "concurrency").rejection
    expect(ofTokens?.classification).toBe("tokens")
    expect(ofTokens?.evidence).toEqual({ "error.type": "tokens" })
    expect(readMeaning("openai", { status: 503 }, "overloaded").rejection).toBeUndefined()
  })
})

test("the evidence is what was looked at, and nothing of what was said", () => {
  const { rejection } = readMeaning("openai", {
    headers: {
      "retry-after": "2",
      "x-ratelimit-limit-requests": "60",
      "set-cookie": ["a"],
      "x-request-id": "r",
    },
    body: said("Rate limit for org-secret", "requests", "rate_limit_exceeded"),
  })
  expect(rejection).toEqual({
    classification: "requests",
    evidence: {
      "retry-after": "2",
      "x-ratelimit-limit-requests": "60",
      "error.type": "requests",
      "error.code": "rate_limit_exceeded",
    },
    retryAfterMs: 2000,
    resetAt: null,
    isOfModel: false,
    statedLimit: null,
    summary: "429 requests rate_limit_exceeded",
  })
})

test("a type that is free text is no evidence, and long values are cut", () => {
  const headers = { "x-ratelimit-note": "n".repeat(500) }
  const { rejection } = readMeaning("openai", { headers, body: said("", "you, Jane, asked: too much") })
  expect(rejection?.evidence).toEqual({ "x-ratelimit-note": "n".repeat(128) })
  expect(rejection?.summary).toBe("429")
})

describe("whatever an upstream says", () => {
  const names = [
    "retry-after",
    "retry-after-ms",
    ...["limit", "remaining", "reset"].flatMap((part) => [
      `x-ratelimit-${part}`,
      ...["requests", "tokens"].map((kind) => `x-ratelimit-${part}-${kind}`),
      ...["requests", "tokens", "input-tokens"].map((kind) => `anthropic-ratelimit-${kind}-${part}`),
    ]),
    ...["status", "reset", "utilization"].flatMap((part) =>
      ["5h", "7d", "7d_opus"].map((window) => `anthropic-ratelimit-unified-${window}-${part}`),
    ),
    ...["used-percent", "window-minutes", "reset-after-seconds", "reset-at"].flatMap((part) =>
      ["primary", "secondary"].map((slot) => `x-codex-${slot}-${part}`),
    ),
  ]
  const value = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.integer().map(String),
    fc.constantFrom("0", "-1", "1", "100", "300", "rejected", "6m0s", "9".repeat(400), "1e308"),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.array(fc.string(), { maxLength: 2 }),
  )
  const headersOf: fc.Arbitrary<AnswerHeaders> = fc.dictionary(fc.constantFrom(...names), value)
  const protocolOf = fc.constantFrom("openai", "anthropic", "gemini")
  const statusOf = fc.constantFrom(400, 401, 403, 404, 429, 500, 503, 529)

  test("no header throws, and no time is believed that is past or more than 8 days ahead", () => {
    const property = fc.property(protocolOf, statusOf, headersOf, (protocol, status, headers) => {
      const { rejection } = readMeaning(protocol, { status, headers })
      const windowEnd = windowEndsAt(protocol, headers, arrivedMs)
      for (const atMs of [rejection?.resetAt ?? undefined, windowEnd]) {
        if (atMs === undefined) continue
        expect(Number.isInteger(atMs)).toBe(true)
        expect(atMs).toBeGreaterThan(arrivedMs)
        expect(atMs).toBeLessThanOrEqual(arrivedMs + 8 * 86_400_000)
      }
      const waitMs = rejection?.retryAfterMs ?? 0
      expect(Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= 3_600_000).toBe(true)
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  test("the message is in nothing that is kept, and a stated limit is a small whole number", () => {
    const wording = fc.constantFrom(
      "concurrency limit of ",
      "requests per minute ",
      "overloaded ",
      "acceleration ",
      "model: ",
      "This organization has been disabled ",
      "",
    )
    const type = fc.constantFrom("", "tokens", "permission_error", "not_found_error", "UNAVAILABLE")
    const property = fc.property(
      fc.record({
        protocol: protocolOf,
        status: statusOf,
        headers: headersOf,
        type,
        wording,
        text: fc.string(),
      }),
      ({ protocol, status, headers, type: kind, wording: words, text }) => {
        const message = `${words}${text} the caller's own words`
        const meaning = meaningOf(
          { status, headers, words: { type: kind, code: "", message } },
          { protocol, unknownRejection: "unknown", nowMs: arrivedMs },
        )
        expect(JSON.stringify(meaning)).not.toContain("the caller's own words")
        const stated = meaning.rejection?.statedLimit ?? 1
        expect(Number.isInteger(stated) && stated >= 1 && stated <= 10_000).toBe(true)
      },
    )
    fc.assert(property, { numRuns: 1_000 })
  })
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
    expect(retryAfterMs(headers, arrivedMs)).toBe(expected)
  })
})
