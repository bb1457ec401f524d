import { describe, expect, test } from "vitest"
import { arrivedMs, epochIn, readMeaning } from "../../testing/read-meaning.ts"
import type { AnswerHeaders } from "../classification/answered.ts"
import { windowEndsAt } from "../classification/classification.ts"

const body = (message: string, type = "", code: string | null = null) => ({
  error: { message, type, param: null, code },
})

const rejection = (headers: AnswerHeaders, said: unknown = body("Rate limit reached."), status = 429) =>
  readMeaning("openai", { status, headers, body: said }).rejection

const kindOf = (...given: Parameters<typeof rejection>) => rejection(...given)?.classification

const levels = (requests: string, tokens: string): AnswerHeaders => ({
  "x-ratelimit-limit-requests": "60",
  "x-ratelimit-remaining-requests": requests,
  "x-ratelimit-reset-requests": "1s",
  "x-ratelimit-limit-tokens": "9000",
  "x-ratelimit-remaining-tokens": tokens,
  "x-ratelimit-reset-tokens": "6m0s",
})

const perMinute = (model: string, what: string, type: string) =>
  body(
    `Rate limit reached for ${model} in organization org-1 on ${what}: Limit 60, Used 60, Requested 1. Please try again in 1s.`,
    type,
    "rate_limit_exceeded",
  )

describe("a 429 of OpenAI", () => {
  test("for requests names its model and ends at the reset of the limit that is used up", () => {
    const said = perMinute("gpt-4o", "requests per min (RPM)", "requests")
    expect(rejection(levels("0", "8000"), said)).toMatchObject({
      classification: "requests",
      resetAt: arrivedMs + 1_000,
      isOfModel: true,
      statedLimit: null,
      summary: "429 requests rate_limit_exceeded",
    })
  })

  test("for tokens may leave some that are too few for the request, and then no reset is meant", () => {
    const said = perMinute("gpt-4o", "tokens per min (TPM)", "tokens")
    expect(rejection(levels("9", "40"), said)).toMatchObject({ classification: "tokens", resetAt: null })
    expect(rejection(levels("9", "0"), said)).toMatchObject({ resetAt: arrivedMs + 360_000 })
  })

  test("is not of one model where models share the limit or none is named", () => {
    const shared = perMinute("gpt-4.1 (for limit gpt-4.1-long-context)", "tokens per min (TPM)", "tokens")
    expect(rejection({}, shared)?.isOfModel).toBe(false)
    expect(rejection(levels("0", "8000"))?.isOfModel).toBe(false)
  })

  test.each<[string, string, AnswerHeaders, unknown]>([
    ["requests", "these are used up and tokens are not", levels("0", "8000"), undefined],
    ["tokens", "these are used up and requests are not", levels("5", "0"), undefined],
    ["requests", "its type says so and no header denies it", {}, body("", "requests")],
    ["unknown", "its type says requests and some are left", levels("12", "8000"), body("", "requests")],
    ["tokens", "its message says so", {}, body("Requests have exceeded token rate limit of your tier.")],
    ["requests", "its message says so", {}, body("Limit of 3 requests per minute reached")],
    ["unknown", "its message names two limits", {}, body("20 requests per min or 9 tokens per min")],
    ["unknown", "nothing is said", {}, undefined],
    ["unknown", "both are used up", levels("0", "0"), undefined],
    ["unknown", "the figures are -1", levels("-1", "-1"), undefined],
    ["unknown", "more is left than there is", levels("61", "9001"), undefined],
    ["unknown", "the figures are empty", levels("", ""), undefined],
    ["unknown", "the figures are no numbers", levels("0x0", "none"), undefined],
    [
      "unknown",
      "the limit is 0",
      { "x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0" },
      undefined,
    ],
    ["overloaded", "its body speaks of it", {}, body("Try later", "engine_overloaded_error")],
    ["slope", "its code is slow_down", levels("0", "9"), body("Slow down", "requests", "slow_down")],
    ["slope", "its message says that the use grew", {}, body("Please ramp up more gradually")],
  ])("is %s when %s", (kind, _, headers, said) => {
    expect(kindOf(headers, said)).toBe(kind)
  })

  test.each(["0s", "2h", "soon", "-1s", ""])("ends at no reset of %j", (reset) => {
    const headers = { ...levels("0", "8000"), "x-ratelimit-reset-requests": reset }
    expect(rejection(headers)).toMatchObject({ classification: "requests", resetAt: null })
  })

  test("for concurrency is told by its message alone, with the limit that it states", () => {
    const said = body("Concurrency limit of 5 reached for org-1", "rate_limit_error", "rate_limit_exceeded")
    expect(rejection(levels("59", "8000"), said)).toMatchObject({
      classification: "concurrency",
      statedLimit: 5,
      resetAt: null,
      isOfModel: false,
    })
    expect(rejection({}, body("Too many concurrent requests."))).toMatchObject({
      classification: "concurrency",
      statedLimit: null,
    })
  })
})

test("a 503 with the code slow_down means that the use has grown too fast", () => {
  const said = body("Slow down", "server_error", "slow_down")
  expect(kindOf({}, said, 503)).toBe("slope")
  expect(kindOf({}, body("Down for maintenance"), 503)).toBeUndefined()
})

describe("headers that no provider owns", () => {
  const generic = (reset: string, remaining = "0"): AnswerHeaders => ({
    "x-ratelimit-limit": "20",
    "x-ratelimit-remaining": remaining,
    "x-ratelimit-reset": reset,
  })

  test.each([
    ["30", 30_000],
    [epochIn(60), 60_000],
    [`${epochIn(60)}000`, 60_000],
    ["2026-11-20T10:01:00Z", 60_000],
    ["1m", 60_000],
  ])("count requests until %s", (reset, spanMs) => {
    const expected = { classification: "requests", resetAt: arrivedMs + spanMs }
    for (const protocol of ["openai", "anthropic", "gemini"] as const) {
      expect(readMeaning(protocol, { headers: generic(reset) }).rejection).toMatchObject(expected)
    }
  })

  test.each(["0", "-5", epochIn(-60), epochIn(3_601), "never"])("are not believed to end at %s", (reset) => {
    expect(rejection(generic(reset))).toMatchObject({ classification: "requests", resetAt: null })
  })

  test("say nothing while some are left", () => {
    expect(kindOf(generic("30", "1"))).toBe("unknown")
  })
})

describe("a window of Codex", () => {
  const codex = (percents: readonly [string, string], minutes = ["300", "10080"]): AnswerHeaders => ({
    "x-codex-primary-used-percent": percents[0],
    "x-codex-primary-window-minutes": minutes[0],
    "x-codex-primary-reset-after-seconds": "9569",
    "x-codex-secondary-used-percent": percents[1],
    "x-codex-secondary-window-minutes": minutes[1],
    "x-codex-secondary-reset-after-seconds": "596369",
  })
  const said = body("The usage limit has been reached", "usage_limit_reached")

  test.each([
    ["100", "40", 9_569_000],
    ["40", "100", 596_369_000],
    ["100", "100.0", 596_369_000],
  ])("is meant when %s %% and %s %% are used", (primary, secondary, spanMs) => {
    expect(rejection(codex([primary, secondary]))).toMatchObject({
      classification: "window",
      resetAt: arrivedMs + spanMs,
      isOfModel: false,
    })
  })

  test("is believed as far ahead as it is long, in whichever slot it stands", () => {
    const week = { ...codex(["100", "0"], ["10080", "300"]), "x-codex-primary-reset-after-seconds": "596369" }
    expect(rejection(week)?.resetAt).toBe(arrivedMs + 596_369_000)
    const absurd = { ...week, "x-codex-primary-window-minutes": "300" }
    expect(rejection(absurd)).toMatchObject({ classification: "window", resetAt: null })
  })

  test("is meant when the body says so, without headers too", () => {
    expect(rejection({}, said)).toMatchObject({ classification: "window", resetAt: null })
  })

  test("is not meant by a burst, nor by a share that is absurd", () => {
    expect(kindOf(codex(["99", "12"]))).toBe("unknown")
    expect(kindOf(codex(["-1", "1001"]))).toBe("unknown")
  })

  test("of 5 hours is read from any answer (D6)", () => {
    const ends = (headers: AnswerHeaders) => windowEndsAt("openai", headers, arrivedMs)
    expect(ends(codex(["3", "1"]))).toBe(arrivedMs + 9_569_000)
    expect(ends({ ...codex(["3", "1"]), "x-codex-primary-reset-at": epochIn(9_568) })).toBe(
      arrivedMs + 9_568_000,
    )
    expect(ends(codex(["3", "1"], ["10080", ""]))).toBeUndefined()
    expect(ends({ ...codex(["3", "1"]), "x-codex-primary-reset-after-seconds": "21601" })).toBeUndefined()
    expect(ends({})).toBeUndefined()
  })
})

describe("the words of OpenAI", () => {
  test.each<[number, string, string | null]>([
    [401, "invalid_request_error", "invalid_api_key"],
    [401, "invalid_request_error", "account_deactivated"],
    [429, "insufficient_quota", "insufficient_quota"],
    [429, "billing_error", "billing_hard_limit_reached"],
    [429, "billing_not_active", null],
  ])("%i %s %s are of the credential and no rejection (C7)", (status, type, code) => {
    const { rejection: none, credentialRefused } = readMeaning("openai", {
      status,
      body: body("Your key sk-secret", type, code),
    })
    expect(none).toBeUndefined()
    expect(credentialRefused?.evidence).toEqual({
      "error.type": type,
      ...(code === null ? {} : { "error.code": code }),
    })
    expect(credentialRefused?.summary).toContain(String(status))
  })

  test("of rights alone are not of the credential, nor is a failure of the upstream", () => {
    const denied = body("You are not allowed to do this.", "invalid_request_error", "permission_denied")
    expect(readMeaning("openai", { status: 403, body: denied }).credentialRefused).toBeUndefined()
    const failed = body("Broken", "server_error", "invalid_api_key")
    expect(readMeaning("openai", { status: 500, body: failed }).credentialRefused).toBeUndefined()
  })

  test.each([
    [404, "model_not_found", true],
    [400, "model_not_found", true],
    [404, null, false],
    [403, "model_not_found", false],
  ])("of a %i with the code %s name an unknown model: %s", (status, code, expected) => {
    const said = body("The model `m` does not exist", "invalid_request_error", code)
    expect(readMeaning("openai", { status, body: said }).isModelUnknown).toBe(expected)
  })
})
